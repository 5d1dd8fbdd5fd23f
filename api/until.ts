import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskStatus } from '../model/status.ts';
import type { Parts } from './parts.ts';

/** ms that a request waits at most for what it asked to show in the ledger; then it is answered all the same. */
const WITHIN = 3000;

/** Waits until the task's status in the ledger is as wanted, or long enough. */
export async function untilStatus(
  parts: Parts,
  name: string,
  isWanted: (status: TaskStatus) => boolean,
): Promise<void> {
  await until(async () => {
    const row = await parts.store.tasks.get(name);
    return row !== undefined && isWanted(row.status);
  });
}

/** Waits until the workflow of a task that has ended in the ledger is over, too: before that it takes no new start. */
export async function untilClosed(parts: Parts, name: string): Promise<void> {
  await until(async () => {
    const { state } = await parts.drover.task(name).execution();
    return state !== 'running' && state !== 'paused';
  });
}

/** Waits until the ledger has the task of this number, some 100 ms after Temporal has it; without a worker it comes later. */
export async function untilRecorded(parts: Parts, number: number): Promise<void> {
  await until(async () => (await parts.store.tasks.bySeq(number)) !== undefined);
}

async function until(isThere: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WITHIN;
  while (Date.now() < deadline && !(await isThere())) await sleep(50);
}
