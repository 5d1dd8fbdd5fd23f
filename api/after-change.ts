import { setTimeout as delay } from 'node:timers/promises';
import { scaledPools } from '../store/catalogue/scaled-pools.ts';
import { allSchedules } from '../store/catalogue/schedules.ts';
import type { Parts } from './parts.ts';

/** ms that an answer waits for Temporal. */
const PATIENCE = 5000;

/**
 * Has Temporal follow a change of the catalogue's schedules and pools. The change stands whatever comes of it: while Temporal
 * is away the workers do this, every minute (worker/in-line.ts).
 */
export async function afterChange(parts: Parts): Promise<void> {
  await Promise.race([follow(parts), delay(PATIENCE, undefined, { ref: false })]);
}

async function follow({ store, drover, log }: Parts): Promise<void> {
  try {
    await drover.keepAutoscalers(await scaledPools(store.catalogue));
    const failures = await drover.schedules.bringInLine(() => allSchedules(store.catalogue));
    for (const { name, reason } of failures)
      log.warn({ schedule: name, reason }, 'Temporal does not take a schedule as it is now');
  } catch (error) {
    log.warn({ err: error }, 'Temporal has not followed a change of the catalogue; a worker brings it in line later');
  }
}
