import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Ends the process that an earlier start left behind when it was killed: the one whose id `pidFile` holds, provided its
 * command line has `mark`, a word that only our own can have. So a process id that was given out again is left alone.
 */
export async function endOrphan(pidFile: string, mark: string): Promise<boolean> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''));
  if (!pid || !(await isRunning(pid, mark))) return false;
  await end(pid, () => isRunning(pid, mark));
  return true;
}

/** SIGTERM, and SIGKILL to what has not gone 10 s later. */
async function end(pid: number, running: () => Promise<boolean>): Promise<void> {
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + 10_000;
  while (await running()) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await wait(50);
  }
}

/** A zombie has no command line any more, so it counts as gone. */
async function isRunning(pid: number, mark: string): Promise<boolean> {
  return (await commandLine(pid)).includes(mark);
}

async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const { stdout } = await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout;
}
