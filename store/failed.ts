import { sql, type Kysely } from 'kysely';

import { FAILURES, type NodeStatus } from '../model/status.ts';
import type { Schema } from './schema.ts';

export interface FailedNode {
  no: number;
  name: string;
  /** The step (0-based) that made it fail. */
  step: number;
  stepName: string;
  status: NodeStatus;
  reason: string;
}

/** The first `limit` nodes that failed, each with its first step that did. */
export async function failed(db: Kysely<Schema>, taskId: string, limit: number): Promise<FailedNode[]> {
  const { rows } = await sql<FailedNode>`
    select n.no, n.name, coalesce(s.step, 0) as step, coalesce(t.template->'steps'->coalesce(s.step, 0)->>'name', '') as step_name,
           n.status, coalesce(nullif(n.reason, ''), s.reason, '') as reason
    from nodes n
    join tasks t on t.id = n.task_id
    left join lateral (
      select step, reason from steps s
      where (s.task_id, s.no) = (n.task_id, n.no) and s.status = any(${FAILURES}::text[])
        and t.template->'steps'->s.step->>'onError' is distinct from 'ignore'
      order by step limit 1
    ) s on true
    where n.task_id = ${taskId} and n.status = any(${FAILURES}::text[])
    order by n.no
    limit ${limit}`.execute(db);
  return rows;
}
