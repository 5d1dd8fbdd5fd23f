import { sql } from 'kysely';

import { rows } from './sql.ts';
import type { StatementKind } from './writes.ts';

/** Nodes that are neither ok nor running are left out of their task. */
export const skip: StatementKind<{ taskId: string; nos: readonly number[] }> = {
  keys: ({ taskId, nos }) => nos.map((no) => `node ${taskId} ${no}`),
  statement(writes) {
    const list = writes.flatMap(({ taskId, nos }) => nos.map((no) => ({ task_id: taskId, no })));
    return sql`
      with skipped as (
        update nodes n set status = 'skipped', reason = 'left out by an operator'
        from ${rows(list, 'task_id uuid, no int')}
        where (n.task_id, n.no) = (w.task_id, w.no) and n.status not in ('ok', 'running', 'skipped')
        returning n.task_id, n.no, n.status, n.reason
      )
      insert into events (task_id, kind, no, status, reason)
      select task_id, 'node', no, status, reason from skipped order by no`;
  },
};

/** The task has ended: nodes that wait for their next step are pending, steps that were under way are cancelled. */
export const release: StatementKind<{ taskId: string }> = {
  keys: ({ taskId }) => [`task ${taskId}`],
  statement(writes) {
    const list = writes.map(({ taskId }) => ({ task_id: taskId }));
    return sql`
      with ended as (
        update steps s set status = 'cancelled', reason = 'its task ended meanwhile', finished_at = now()
        from ${rows(list, 'task_id uuid')}
        where s.task_id = w.task_id and s.status = 'running'
        returning s.task_id, s.no, s.step, s.try, s.status, s.reason
      ), freed as (
        update nodes n set status = case when ended.no is null then 'pending' else 'cancelled' end, reason = coalesce(ended.reason, '')
        from ${rows(list, 'task_id uuid')}, nodes old
        left join (select distinct task_id, no, reason from ended) ended on (ended.task_id, ended.no) = (old.task_id, old.no)
        where n.task_id = w.task_id and (old.task_id, old.no) = (n.task_id, n.no) and n.status = 'running'
        returning n.task_id, n.no, n.status, n.reason
      )
      insert into events (task_id, kind, no, step, try, status, reason)
      select task_id, 'step', no, step, try, status, reason from ended
      union all
      select task_id, 'node', no, null, null, status, reason from freed`;
  },
};
