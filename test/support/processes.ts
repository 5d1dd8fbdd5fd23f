import { readdirSync, readFileSync } from 'node:fs';

/** Processes of this machine, but for our own, with `text` in their command lines. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((pid) => commandLine(pid).includes(text))
    .map(Number);
}

export function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return ''; // it has ended
  }
}
