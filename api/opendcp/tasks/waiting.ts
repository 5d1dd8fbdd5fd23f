import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskStatus } from '../../../model/status.ts';
import type { TaskRow } from '../../../store/tasks.ts';
import type { Call } from '../call.ts';

/** ms that a request waits for what it asked to show in the ledger. */
export const RECORDED_WITHIN = 3000;

/** Waits until the task's status is as wanted, or long enough. */
export async function shown(call: Call, { name }: TaskRow, isWanted: (status: TaskStatus) => boolean): Promise<void> {
  const deadline = Date.now() + RECORDED_WITHIN;
  while (Date.now() < deadline) {
    const row = await call.parts.store.tasks.get(name);
    if (row && isWanted(row.status)) return;
    await sleep(50);
  }
}

/** Waits until the workflow of a task that has ended in the ledger is over, too: before that it would take no new start. */
export async function closed(call: Call, { name }: TaskRow): Promise<void> {
  const deadline = Date.now() + RECORDED_WITHIN;
  while (Date.now() < deadline) {
    const { state } = await call.parts.drover.task(name).execution();
    if (state !== 'running' && state !== 'paused') return;
    await sleep(50);
  }
}
