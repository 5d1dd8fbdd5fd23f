import { sql, type Kysely } from 'kysely';

import type { Span } from '../model/spans.ts';
import { FAILURES } from '../model/status.ts';
import type { Schema } from './schema.ts';

/**
 * The nodes that are neither ok nor skipped, as spans: each from its first step that has not passed. A failure in a step
 * with `onError: ignore` has passed. A node whose steps all passed and that was not settled yet is at the step after the
 * last one.
 */
export async function remaining(db: Kysely<Schema>, taskId: string): Promise<Span[]> {
  const { rows: spans } = await sql<Span>`
    with ignored as materialized (
      select ordinal::int - 1 as step
      from tasks, jsonb_array_elements(template->'steps') with ordinality as steps (step, ordinal)
      where id = ${taskId} and steps.step->>'onError' = 'ignore'
    ), passed as (
      -- the passed steps from the first one on, without a gap, are those whose rank is their number
      select no, step, row_number() over (partition by no order by step) - 1 as rank
      from steps
      where task_id = ${taskId}
        and (status = 'ok' or status = any(${FAILURES}::text[]) and step in (select step from ignored))
    ), places as (
      select n.no, count(passed.step)::int as step
      from nodes n left join passed on passed.no = n.no and passed.step = passed.rank
      where n.task_id = ${taskId} and n.status not in ('ok', 'skipped')
      group by n.no
    ), islands as (
      -- neighbours at the same step have the same difference to their rank
      select no, step, no - row_number() over (partition by step order by no) as island from places
    )
    select min(no) as "from", max(no) as "to", step from islands group by step, island order by 1`.execute(db);
  return spans;
}
