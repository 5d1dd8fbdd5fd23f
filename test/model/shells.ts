import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The shells that `/bin/sh` may be on a node. */
export const SHELLS = [
  { name: 'dash', command: ['dash'] },
  { name: 'bash', command: ['bash'] },
  { name: 'busybox', command: ['busybox', 'sh'] },
] as const;
export type Shell = (typeof SHELLS)[number];

export interface Ran {
  code: number | null;
  out: string;
  err: string;
  /** What it has left in its folder. */
  files: string[];
}

/** Runs a script as a node would, from a file and without standard input; `path`: folders to find programs in first. */
export function runScript(
  script: string,
  { shell = SHELLS[0], env = {}, path }: { shell?: Shell; env?: Record<string, string>; path?: string } = {},
): Ran {
  const folder = mkdtempSync(join(tmpdir(), 'drover-test-'));
  try {
    const file = join(folder, 'script');
    writeFileSync(file, script);
    const [program, ...args] = shell.command;
    const { status, stdout, stderr } = spawnSync(program, [...args, file], {
      cwd: folder,
      env: { PATH: [path, process.env['PATH']].filter(Boolean).join(':'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 16 * 1024 * 1024,
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    const files = readdirSync(folder).filter((name) => name !== 'script');
    return { code: status, out: stdout.toString(), err: stderr.toString(), files };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A folder with these programs, to be first in PATH. */
export function programs(scripts: Record<string, string>): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'drover-programs-'));
  for (const [name, script] of Object.entries(scripts)) writeFileSync(join(path, name), script, { mode: 0o755 });
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
