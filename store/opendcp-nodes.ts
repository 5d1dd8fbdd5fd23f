import { sql, type Kysely, type Selectable } from 'kysely';

import type { NodeStatus } from '../model/status.ts';
import type { Schema } from './schema.ts';

/** A node of a task by its own id, with the steps that it has come to, in order. */
export interface OpendcpNode {
  id: number;
  no: number;
  name: string;
  address: string;
  status: NodeStatus;
  reason: string;
  steps: OpendcpStepRow[];
}

/** `step`: its index in the template. */
export type OpendcpStepRow = Pick<Selectable<Schema['steps']>, 'step' | 'status' | 'startedAt' | 'finishedAt'>;

export async function opendcpNodes(db: Kysely<Schema>, taskId: string): Promise<OpendcpNode[]> {
  const [nodes, steps] = await Promise.all([
    nodesOf(db).where('taskId', '=', taskId).orderBy('no').execute(),
    stepsOf(db, taskId).execute(),
  ]);
  const found = new Map(nodes.map((node) => [node.no, { ...node, steps: [] as OpendcpStepRow[] }]));
  for (const row of steps) found.get(row.no)?.steps.push(stepOf(row));
  return [...found.values()];
}

export async function nodeById(
  db: Kysely<Schema>,
  id: number,
): Promise<(OpendcpNode & { taskId: string }) | undefined> {
  if (!Number.isSafeInteger(id)) return undefined;
  const node = await nodesOf(db).select('taskId').where('id', '=', id).executeTakeFirst();
  if (!node) return undefined;
  const steps = await stepsOf(db, node.taskId).where('no', '=', node.no).execute();
  return { ...node, steps: steps.map(stepOf) };
}

function nodesOf(db: Kysely<Schema>) {
  return db
    .selectFrom('nodes')
    .select(['id', 'no', 'name', sql<string>`node->>'address'`.as('address'), 'status', 'reason']);
}

function stepOf({ step, status, startedAt, finishedAt }: OpendcpStepRow): OpendcpStepRow {
  return { step, status, startedAt, finishedAt };
}

function stepsOf(db: Kysely<Schema>, taskId: string) {
  return db
    .selectFrom('steps')
    .select(['no', 'step', 'status', 'startedAt', 'finishedAt'])
    .where('taskId', '=', taskId)
    .orderBy('no')
    .orderBy('step');
}
