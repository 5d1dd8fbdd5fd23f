import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A folder is in the hands of another process that is alive. */
export class FolderInUse extends Error {
  override name = 'FolderInUse';
}

/**
 * Takes a folder for this process alone; returns how to let go of it. A process that died, however, leaves no trouble
 * behind: its file lock-PID holds its start time, which no later process of the same pid has.
 *
 * Each process puts down its own file first and looks for others then. So two that come at once may both be refused, but
 * never both get it, and a dead one's file may be removed by anybody.
 */
export function lockFolder(folder: string): () => void {
  const mine = `lock-${process.pid}`;
  const path = join(folder, mine);
  if (isAlive(folder, mine)) throw inUse(folder, process.pid);
  writeFileSync(join(folder, `new-${mine}`), startOf(process.pid) ?? '');
  renameSync(join(folder, `new-${mine}`), path); // at no moment is it there without its content
  const release = () => rmSync(path, { force: true });
  for (const lock of readdirSync(folder).filter((name) => name.startsWith('lock-') && name !== mine)) {
    if (!isAlive(folder, lock)) {
      rmSync(join(folder, lock), { force: true });
      continue;
    }
    release();
    throw inUse(folder, pidOf(lock));
  }
  return release;
}

function inUse(folder: string, pid: number): FolderInUse {
  const who = pid === process.pid ? 'this process' : `process ${pid}`;
  return new FolderInUse(`${folder} is in use by ${who}: stop that one first, or give another folder`);
}

function isAlive(folder: string, lock: string): boolean {
  const start = startOf(pidOf(lock));
  return start !== undefined && start === readIfThere(join(folder, lock));
}

function pidOf(lock: string): number {
  return Number(lock.slice('lock-'.length));
}

/** When a process started, in the system's own words; undefined when there is none of that pid (or only its remains). */
function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return startByPs(pid);
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the program's name in parentheses, and may hold anything; state is the 3rd, start the 22nd.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  const boot = readIfThere('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  return `${fields[18] ?? ''} ${boot}`;
}

function startByPs(pid: number): string | undefined {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined; // ps exits 1 when there is no such process
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
