import { sql } from 'kysely';

import { rows } from './sql.ts';
import type { StepRef } from './steps.ts';
import type { StatementKind } from './writes.ts';

/** One command: a try (from 1) of an action (0-based) of a step on a node. */
export interface JobRef extends StepRef {
  try: number;
  action: number;
}

export const jobKey = ({ taskId, no, step, try: tried, action }: JobRef) =>
  `job ${taskId} ${no} ${step} ${tried} ${action}`;

export const JOB_COLUMNS = 'task_id uuid, no int, step int, try int, action int';

export function jobColumns({ taskId, no, step, try: tried, action }: JobRef) {
  return { task_id: taskId, no, step, try: tried, action };
}

/** The intent, durable before the command is sent. The token that came first stays. */
export const startJob: StatementKind<{ ref: JobRef; token: string | null }> = {
  keys: ({ ref }) => [jobKey(ref)],
  statement(starts) {
    const list = starts.map(({ ref, token }) => ({ ...jobColumns(ref), token }));
    return sql`
      insert into jobs as j (task_id, no, step, try, action, token)
      select task_id, no, step, try, action, token from ${rows(list, `${JOB_COLUMNS}, token text`)}
      on conflict (task_id, no, step, try, action) do update set token = excluded.token
        where j.token is null and excluded.token is not null`;
  },
};

/** What the command came to. The outcome that came first stays. */
export const finishJob: StatementKind<{ ref: JobRef; outcome: unknown }> = {
  keys: ({ ref }) => [jobKey(ref)],
  statement(ends) {
    const list = ends.map(({ ref, outcome }) => ({ ...jobColumns(ref), outcome }));
    return sql`
      insert into jobs as j (task_id, no, step, try, action, outcome)
      select task_id, no, step, try, action, outcome from ${rows(list, `${JOB_COLUMNS}, outcome jsonb`)}
      on conflict (task_id, no, step, try, action) do update set outcome = excluded.outcome
        where j.outcome is null`;
  },
};
