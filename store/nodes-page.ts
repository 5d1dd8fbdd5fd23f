import type { Kysely, Selectable } from 'kysely';

import type { NodeStatus } from '../model/status.ts';
import type { NodeView, Page, StepView } from '../model/task.ts';
import type { Schema } from './schema.ts';
import { storable } from './sql.ts';
import { stepNames } from './step-names.ts';

export interface NodesQuery {
  /** One of these. */
  status?: NodeStatus | readonly NodeStatus[];
  name?: string;
  /** From 1. */
  page: number;
  pageSize: number;
}

/** One page of a task's nodes, by number, each with all steps of the template. */
export async function nodesPage(db: Kysely<Schema>, taskId: string, query: NodesQuery): Promise<Page<NodeView>> {
  const { page, pageSize } = query;
  const matching = matchingNodes(db, taskId, query);
  const { total } = await matching.select((row) => row.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const nodes = await matching
    .selectAll()
    .orderBy('no')
    .limit(pageSize)
    .offset((page - 1) * pageSize)
    .execute();
  const steps = await stepsOf(
    db,
    taskId,
    nodes.map(({ no }) => no),
  );
  const names = await stepNames(db, taskId);
  const items = nodes.map((node) => nodeView(node, names, steps.get(node.no) ?? []));
  return { items, page, page_size: pageSize, total };
}

function matchingNodes(db: Kysely<Schema>, taskId: string, { status, name }: NodesQuery) {
  let nodes = db.selectFrom('nodes').where('taskId', '=', taskId);
  if (status !== undefined) nodes = nodes.where('status', 'in', [status].flat());
  if (name !== undefined) nodes = nodes.where('name', '=', storable(name));
  return nodes;
}

type StepColumns = Selectable<Schema['steps']>;

/** Of each node, in order. */
async function stepsOf(
  db: Kysely<Schema>,
  taskId: string,
  nos: readonly number[],
): Promise<Map<number, StepColumns[]>> {
  const steps = new Map<number, StepColumns[]>(nos.map((no) => [no, []]));
  if (nos.length === 0) return steps;
  const found = await db
    .selectFrom('steps')
    .selectAll()
    .where('taskId', '=', taskId)
    .where('no', 'in', nos)
    .orderBy('no')
    .orderBy('step')
    .execute();
  for (const step of found) steps.get(step.no)?.push(step);
  return steps;
}

function nodeView(
  { no, name, node, batch, status, reason }: Selectable<Schema['nodes']>,
  stepNames: readonly string[],
  steps: readonly StepColumns[],
): NodeView {
  const views = stepNames.map((stepName, index) =>
    stepView(
      stepName,
      steps.find(({ step }) => step === index),
    ),
  );
  return { no, name, address: node.address, batch, status, reason, steps: views };
}

function stepView(name: string, row: StepColumns | undefined): StepView {
  return {
    name,
    status: row?.status ?? 'pending',
    tries: row?.try ?? 0,
    exitCode: row?.exitCode ?? null,
    startedAt: row?.startedAt?.toISOString() ?? null,
    finishedAt: row?.finishedAt?.toISOString() ?? null,
    reason: row?.reason ?? '',
  };
}
