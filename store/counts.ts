import { sql, type Kysely } from 'kysely';

import { noCounts, type NodeCounts } from '../model/status.ts';
import type { Schema } from './schema.ts';

/** Of each of the tasks, those without nodes too. */
export async function countNodes(db: Kysely<Schema>, taskIds: readonly string[]): Promise<Map<string, NodeCounts>> {
  const counts = new Map(taskIds.map((id) => [id, noCounts()]));
  if (taskIds.length === 0) return counts;
  const groups = await db
    .selectFrom('nodes')
    .select((row) => ['taskId', 'status', row.fn.countAll<number>().as('count')])
    .where(sql<boolean>`task_id = any(${taskIds}::uuid[])`)
    .groupBy(['taskId', 'status'])
    .execute();
  for (const { taskId, status, count } of groups) {
    const ofTask = counts.get(taskId);
    if (!ofTask) continue;
    ofTask[status] = count;
    ofTask.total += count;
  }
  return counts;
}
