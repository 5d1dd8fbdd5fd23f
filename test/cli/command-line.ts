import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const DROVER = fileURLToPath(new URL('../../bin/drover', import.meta.url));

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The command line in a folder, talking to a server; each call runs a command to its end. */
export function commandLine({
  server,
  folder,
}: {
  server: string;
  folder: string;
}): (...args: string[]) => Promise<Ran> {
  return (...args) =>
    new Promise((resolve) => {
      const env = { ...process.env, DROVER_SERVER: server, NO_COLOR: '1' };
      const child = spawn(process.execPath, [DROVER, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
      const ran = { stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (text: string) => (ran.stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (ran.stderr += text));
      child.on('close', (code) => resolve({ ...ran, code }));
    });
}
