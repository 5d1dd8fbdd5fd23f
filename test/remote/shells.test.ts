import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPlain } from '../../remote/exec.ts';
import { eventually } from '../support/eventually.ts';
import { processesWith } from '../support/processes.ts';
import { startSshd, type SshdFleet } from '../support/sshd.ts';
import { run, TestFleet, uid } from './recorder.ts';

const NASTY = `# '" \\ ! $HOME \`id\` ~ * ? [a] {b,c} <d> | & ; %s \\n \\\\ \\0101 é€😀\n`;
const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const printEveryByte = `printf '${[...EVERY_BYTE].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}'`;
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

describe.concurrent.each(['dash', 'bash', 'busybox'])('with %s as /bin/sh', (shell) => {
  let sshd: SshdFleet;
  let fleet: TestFleet;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'drover-sh-'));
    sshd = await startSshd({ config: [`ForceCommand ${asBinSh(folder, shell)}`] });
    fleet = new TestFleet();
  });
  afterAll(async () => {
    await fleet.close();
    await sshd.stop();
    rmSync(folder, { recursive: true });
  });
  const on = (script: string, job = {}, options = {}) => run(fleet, sshd.target, script, job, options);

  it('runs a script with every awkward character', async ({ expect }) => {
    expect(await on(`printf %s ${quoted(NASTY)}; exit 7`)).toMatchObject({
      outcome: { kind: 'exited', code: 7 },
      out: NASTY,
    });
  });

  it('passes every byte value on', async () => {
    const ran = await on(`for i in 1 2 3; do ${printEveryByte}; done; printf end >&2`);
    expect(ran.bytes.equals(Buffer.concat([EVERY_BYTE, EVERY_BYTE, EVERY_BYTE]))).toBe(true);
    expect(ran.err).toBe('end');
  });

  it('really is that shell', async () => {
    const said = { dash: 'dash', bash: 'bash', busybox: 'busybox' }[shell];
    expect((await on('readlink -f /proc/$PPID/exe; readlink -f /proc/$$/exe')).out).toMatch(
      new RegExp(`^\\S*${said ?? ''}\\S*\\n\\S*${said ?? ''}\\S*\\n$`),
    );
  });

  it('loses nothing when /dev/stdout is opened again', async () => {
    const ran = await on('echo one; echo two > /dev/stdout; echo e1 >&2; echo e2 > /dev/stderr; printf three');
    expect(ran).toMatchObject({ out: 'one\ntwo\nthree', err: 'e1\ne2\n' });
  });

  it('follows a command that takes longer, and several one after another', async () => {
    const script = 'i=0; while [ $i -lt 6 ]; do echo $i; echo e$i >&2; i=$((i+1)); sleep 0.1; done';
    for (let round = 0; round < 2; round++) {
      expect(await on(script)).toMatchObject({ out: '0\n1\n2\n3\n4\n5\n', err: 'e0\ne1\ne2\ne3\ne4\ne5\n' });
    }
  });

  it('is not held up by a background process', async ({ expect }) => {
    expect((await on('sleep 5 & echo started')).outcome).toEqual({ kind: 'exited', code: 0, held: true });
  });

  it('kills at the time limit, and on cancel', async () => {
    const tag = `TAG${uid()}`;
    const script = `trap '' TERM; setsid sh -c "trap '' TERM; while :; do sleep 1; done # ${tag}" & sh -c 'while :; do sleep 1; done # ${tag}'`;
    const abort = new AbortController();
    const cancelled = on(script, {}, { signal: abort.signal });
    const limited = on(script, { limit: 1 });
    await eventually(() => expect(processesWith(tag).length).toBeGreaterThanOrEqual(4));
    abort.abort();
    expect((await limited).outcome).toEqual({ kind: 'timed_out' });
    expect((await cancelled).outcome).toMatchObject({ kind: 'cancelled', confirmed: true });
    expect(processesWith(tag)).toEqual([]);
  });

  it('200 KB of script', async ({ expect }) => {
    expect((await on(`# ${'é'.repeat(20_000)}${'x'.repeat(180_000)}\nexit 4`)).outcome).toEqual({
      kind: 'exited',
      code: 4,
    });
  });
});

describe.concurrent.each([
  ['bash', 'bash'],
  ['dash', 'dash'],
  ['fish', 'fish'],
  ['tcsh', 'tcsh'],
  ['busybox', 'busybox sh'],
])('with %s as login shell', (_, loginShell) => {
  it('jobs and plain commands run as written', async () => {
    const sshd = await startSshd({ loginShell });
    const fleet = new TestFleet();
    const script = `printf %s ${quoted(NASTY)}; exit 7`;
    try {
      expect(await run(fleet, sshd.target, script)).toMatchObject({ outcome: { kind: 'exited', code: 7 }, out: NASTY });
      for (const [text, confidential] of [
        [script, false],
        [script, true],
        [`${script}\n# ${'é!x '.repeat(9000)}`, false],
        ['echo plain', false],
      ] as const) {
        let out = '';
        const outcome = await runPlain(
          fleet,
          sshd.target,
          { script: text, limit: 60, confidential },
          (_stream, _offset, bytes) => {
            out += bytes.toString();
            return Promise.resolve();
          },
        );
        expect({ outcome, out }).toEqual(
          text === 'echo plain'
            ? { outcome: { kind: 'exited', code: 0 }, out: 'plain\n' }
            : { outcome: { kind: 'exited', code: 7 }, out: NASTY },
        );
      }
    } finally {
      await fleet.close();
      await sshd.stop();
    }
  });
});

/** A command that runs what was asked for with another shell in place of /bin/sh, also for `sh` in scripts. */
function asBinSh(folder: string, shell: string): string {
  const program = [`/usr/bin/${shell}`, `/bin/${shell}`].find((file) => existsSync(file));
  if (program === undefined) throw new Error(`these tests need ${shell}`);
  symlinkSync(program, `${folder}/sh`);
  const script = path.join(folder, 'as-bin-sh');
  writeFileSync(
    script,
    `#!/bin/bash\nexport PATH=${folder}:$PATH\nexec ${folder}/sh -c "\${SSH_ORIGINAL_COMMAND//\\/bin\\/sh/${folder}/sh}"\n`,
  );
  chmodSync(script, 0o755);
  chmodSync(folder, 0o755);
  return script;
}
