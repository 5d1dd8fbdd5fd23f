import type { ScheduleDocument } from '../../model/catalogue/document.ts';
import { scheduleDocument } from './documents.ts';
import type { CatalogueReads } from './types.ts';

/** All schedules, as Temporal is to have them. */
export async function allSchedules(
  reads: Pick<CatalogueReads, 'schedules' | 'pools'>,
): Promise<(ScheduleDocument & { id: number })[]> {
  const rows = await reads.schedules.all();
  if (rows.length === 0) return [];
  const pools = new Map((await reads.pools.all()).map(({ id, name }) => [id, name]));
  return rows.map((row) => ({ ...scheduleDocument(row, pools.get(row.poolId) ?? ''), id: row.id }));
}
