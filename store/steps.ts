import { sql, type RawBuilder } from 'kysely';

import { FAILURES, type NodeStatus } from '../model/status.ts';
import { rows } from './sql.ts';
import type { StatementKind } from './writes.ts';

/** A step (0-based, in the template's order) on a node. */
export interface StepRef {
  taskId: string;
  no: number;
  step: number;
}

/** Tries count from 1. */
export type TryRef = StepRef & { try: number };

export interface StepEnd {
  status: NodeStatus;
  exitCode: number | null;
  reason: string;
}

const nodeKey = ({ taskId, no }: { taskId: string; no: number }) => `node ${taskId} ${no}`;

/**
 * Steps and their nodes are running. A step that this try and batch began before is left as it is, finished or not: the
 * activity that repeats it is a re-run.
 */
export const begin: StatementKind<{ batch: number; refs: readonly TryRef[] }> = {
  keys: ({ refs }) => refs.map(nodeKey),
  weight: ({ refs }) => refs.length * 100,
  statement(begins) {
    const list = begins.flatMap(({ batch, refs }) => refs.map((ref) => ({ ...stepColumns(ref), batch })));
    return sql`
      with started as (
        insert into steps as s (task_id, no, step, status, try, first_try, batch, exit_code, reason, started_at, finished_at)
        select distinct on (task_id, no, step) task_id, no, step, 'running', try, try, batch, null::int, '', now(), null::timestamptz
        from ${rows(list, 'task_id uuid, no int, step int, try int, batch int')}
        order by task_id, no, step, try desc
        on conflict (task_id, no, step) do update
          set status = 'running', try = excluded.try, batch = excluded.batch,
              first_try = case when s.batch = excluded.batch then s.first_try else excluded.try end,
              exit_code = null, reason = '', started_at = now(), finished_at = null
          where (excluded.try, excluded.batch) > (s.try, s.batch)
             or (excluded.try, excluded.batch) = (s.try, s.batch) and s.status = 'pending'
        returning task_id, no, step, try, batch
      ), running as (
        update nodes n set status = 'running', reason = '', batch = started.batch
        from (select task_id, no, max(batch) as batch from started group by task_id, no) started
        join nodes before on (before.task_id, before.no) = (started.task_id, started.no)
        where (n.task_id, n.no) = (started.task_id, started.no)
        returning n.task_id, n.no, before.status as before
      )
      insert into events (task_id, kind, no, step, try, status, reason)
      select task_id, kind, no, step, try, 'running', '' from (
        select task_id, 'node' as kind, no, null::int as step, null::int as try from running where before <> 'running'
        union all
        select task_id, 'step', no, step, try from started
      ) told
      order by no, step nulls first`;
  },
};

/** A try of a step has come to its end. What a try came to first stays. */
export const finish: StatementKind<{ ref: TryRef; end: StepEnd }> = {
  keys: ({ ref }) => [nodeKey(ref)],
  statement(finishes) {
    const list = finishes.map(({ ref, end: { status, exitCode, reason } }) => ({
      ...stepColumns(ref),
      status,
      exit_code: exitCode,
      reason,
    }));
    return sql`
      with ended as (
        insert into steps as s (task_id, no, step, status, try, first_try, batch, exit_code, reason, started_at, finished_at)
        select w.task_id, w.no, w.step, w.status, w.try, w.try, coalesce(n.batch, 0), w.exit_code, w.reason, null, now()
        from ${rows(list, 'task_id uuid, no int, step int, try int, status text, exit_code int, reason text')}
        left join nodes n on (n.task_id, n.no) = (w.task_id, w.no)
        on conflict (task_id, no, step) do update
          set status = excluded.status, try = excluded.try, exit_code = excluded.exit_code, reason = excluded.reason,
              finished_at = now()
          where excluded.try > s.try or excluded.try = s.try and s.status in ('pending', 'running')
        returning task_id, no, step, try, status, reason
      )
      insert into events (task_id, kind, no, step, try, status, reason)
      select task_id, 'step', no, step, try, status, reason from ended order by no, step`;
  },
};

/** What a node has come to; `pending` puts it back. */
export const settle: StatementKind<{ taskId: string; no: number; status: NodeStatus; reason: string }> = {
  keys: (write) => [nodeKey(write)],
  statement(settlements) {
    const list = settlements.map(({ taskId, no, status, reason }) => ({ task_id: taskId, no, status, reason }));
    return sql`
      with settled as (
        update nodes n set status = w.status, reason = w.reason
        from ${rows(list, 'task_id uuid, no int, status text, reason text')}
        where (n.task_id, n.no) = (w.task_id, w.no) and (n.status, n.reason) is distinct from (w.status, w.reason)
        returning n.task_id, n.no, n.status, n.reason
      )
      ${tellOfNodes(sql`settled`)}`;
  },
};

/** What is not as the template wants it, and what somebody stopped: it may be tried again. */
const UNDONE: readonly NodeStatus[] = [...FAILURES, 'cancelled'];

/** Failed and cancelled nodes wait for another run, from their own failed step, which keeps its count of tries. */
export const requeue: StatementKind<{ taskId: string; nos: readonly number[] }> = {
  keys: ({ taskId, nos }) => nos.map((no) => nodeKey({ taskId, no })),
  statement(writes) {
    const list = writes.flatMap(({ taskId, nos }) => nos.map((no) => ({ task_id: taskId, no })));
    return sql`
      with requeued as (
        update nodes n set status = 'pending', reason = ''
        from ${rows(list, 'task_id uuid, no int')}
        where (n.task_id, n.no) = (w.task_id, w.no) and n.status = any(${UNDONE}::text[])
        returning n.task_id, n.no, n.status, n.reason
      ), steps_too as (
        update steps s set status = 'pending', reason = '', exit_code = null, finished_at = null
        from requeued join tasks t on t.id = requeued.task_id
        where (s.task_id, s.no) = (requeued.task_id, requeued.no) and s.status = any(${UNDONE}::text[])
          and (s.status = 'cancelled' or t.template->'steps'->s.step->>'onError' is distinct from 'ignore')
      )
      ${tellOfNodes(sql`requeued`)}`;
  },
};

function tellOfNodes(changed: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`insert into events (task_id, kind, no, status, reason)
    select task_id, 'node', no, status, reason from ${changed} order by no`;
}

function stepColumns({ taskId, no, step, try: tried }: TryRef) {
  return { task_id: taskId, no, step, try: tried };
}
