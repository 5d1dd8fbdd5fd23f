import { sql, type Kysely } from 'kysely';

import type { Node } from '../model/node.ts';
import { FAILURES, type NodeStatus } from '../model/status.ts';
import type { JobRef } from './jobs.ts';
import type { Schema } from './schema.ts';

export interface ChosenNode {
  no: number;
  name: string;
  batch: number | null;
  status: NodeStatus;
}

/** A command of a running step that was begun and has no outcome, and where it runs. */
export interface OpenJob {
  ref: JobRef;
  node: Node;
}

export async function choose(
  db: Kysely<Schema>,
  taskId: string,
  nodeNames: readonly string[] | undefined,
): Promise<ChosenNode[]> {
  if (nodeNames?.length === 0) return [];
  const nodes = db
    .selectFrom('nodes')
    .select(['no', 'name', 'batch', 'status'])
    .where('taskId', '=', taskId)
    .orderBy('no');
  const chosen = nodeNames
    ? nodes.where('name', 'in', nodeNames)
    : nodes.where('status', 'in', [...FAILURES, 'cancelled'] satisfies NodeStatus[]);
  return await chosen.execute();
}

export async function names(db: Kysely<Schema>, taskId: string): Promise<string[]> {
  const nodes = await db.selectFrom('nodes').select('name').where('taskId', '=', taskId).orderBy('no').execute();
  return nodes.map(({ name }) => name);
}

export async function lastBatch(db: Kysely<Schema>, taskId: string): Promise<number> {
  const { rows } = await sql<{ last: number }>`
    select greatest(
      (select coalesce(max(batch), 0) from nodes where task_id = ${taskId}),
      (select coalesce(max(batch), 0) from events where task_id = ${taskId} and kind = 'batch')
    )::int as last`.execute(db);
  return rows[0]?.last ?? 0;
}

export async function openJobs(db: Kysely<Schema>, taskId: string): Promise<OpenJob[]> {
  const jobs = await db
    .selectFrom('jobs')
    .innerJoin('nodes', (on) => on.onRef('nodes.taskId', '=', 'jobs.taskId').onRef('nodes.no', '=', 'jobs.no'))
    .innerJoin('steps', (on) =>
      on
        .onRef('steps.taskId', '=', 'jobs.taskId')
        .onRef('steps.no', '=', 'jobs.no')
        .onRef('steps.step', '=', 'jobs.step')
        .onRef('steps.try', '=', 'jobs.try'),
    )
    .select(['jobs.taskId', 'jobs.no', 'jobs.step', 'jobs.try', 'jobs.action', 'nodes.node'])
    .where('jobs.taskId', '=', taskId)
    .where('steps.status', '=', 'running')
    .where('jobs.token', 'is not', null)
    .where('jobs.outcome', 'is', null)
    .execute();
  return jobs.map(({ node, ...ref }) => ({ ref, node }));
}
