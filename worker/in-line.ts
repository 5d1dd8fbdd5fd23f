import { randomUUID } from 'node:crypto';
import type { Drover } from '../client/index.ts';
import { scaledPools } from '../store/catalogue/scaled-pools.ts';
import { allSchedules } from '../store/catalogue/schedules.ts';
import type { Store } from '../store/store.ts';

const LEASE = 'in-line';
const LEASE_FOR = 60_000;
const HOLDER = randomUUID();

/**
 * Has Temporal do what the catalogue says, whatever has happened to either meanwhile: its Schedules become the catalogue's, and
 * the pools that are to be are scaled by their load. One worker at a time. Throws TemporalUnreachable; an error that names
 * each schedule that Temporal does not take.
 */
export async function keepInLine(store: Store, drover: Drover): Promise<void> {
  if (!(await store.leases.take(LEASE, HOLDER, LEASE_FOR))) return;
  try {
    await drover.keepAutoscalers(await scaledPools(store.catalogue));
    const failures = await drover.schedules.bringInLine(() => allSchedules(store.catalogue));
    if (failures.length === 0) return;
    const told = failures.map(({ name, reason }) => `schedule ${name}: ${reason}`);
    throw new Error(`Temporal does not take what the catalogue has: ${told.join('; ')}`);
  } finally {
    await store.leases.release(LEASE, HOLDER);
  }
}
