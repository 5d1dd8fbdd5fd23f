import { setTimeout as sleep } from 'node:timers/promises';
import { PoolBusy, TemporalUnreachable } from '../client/errors.ts';
import { ENDED } from '../model/status.ts';
import type { Parts } from './parts.ts';

/** ms in which a queue is to say who is in it. A worker gives the answer; Temporal would wait half a minute for one. */
const PATIENCE = 2000;

/** ms for a task to learn whether it has its turn at once: some 300 where workers have nothing else to do. */
const TURN_WITHIN = 10_000;
const ASK_EVERY = 50;

/** Who has a pool, then who waits for it. Undefined: nobody answers. */
export async function queueNow({ drover }: Parts, pool: string): Promise<string[] | undefined> {
  try {
    return await Promise.race([drover.queueOf(pool), sleep(PATIENCE, undefined, { ref: false })]);
  } catch (error) {
    if (!(error instanceof TemporalUnreachable)) throw error;
    return undefined;
  }
}

/** Throws PoolBusy when somebody has the pool, as far as that is known. */
export async function refuseBusy(parts: Parts, pool: string): Promise<void> {
  const [holder] = (await queueNow(parts, pool)) ?? [];
  if (holder !== undefined) throw new PoolBusy(`pool ${pool} is busy: ${holder} has it`);
}

/** For a task that was to have its turn at once: throws PoolBusy when somebody else was faster. */
export async function refuseLate({ store }: Parts, task: string): Promise<void> {
  const deadline = Date.now() + TURN_WITHIN;
  while (Date.now() < deadline) {
    const row = await store.tasks.get(task);
    if (row?.startedAt) return;
    if (row && ENDED.includes(row.status)) {
      if (isBusy(row.reason)) throw new PoolBusy(row.reason);
      return;
    }
    await sleep(ASK_EVERY);
  }
}

/** How a task ends that came late: see the workflow's own words (workflows/turn.ts). */
function isBusy(reason: string): boolean {
  return /^pool .* is busy/.test(reason);
}
