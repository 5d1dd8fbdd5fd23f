import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import type { NewTaskInput, NodeParts, OpenedTask, StepPlan, TaskInput } from '../model/activities.ts';
import { checkTask, Invalid, parseNodes, parseParams, parseRollout, parseTemplate } from '../model/parse/index.ts';
import { mergeRollout, DEFAULT_ROLLOUT } from '../model/rollout.ts';
import { at, only } from '../model/spans.ts';
import { failures, noCounts } from '../model/status.ts';
import type { TaskSpec } from '../model/task.ts';
import type { Step } from '../model/template.ts';
import type { NewTask, TaskRow } from '../store/tasks.ts';
import type { Dependencies } from './dependencies.ts';
import { standing } from './standing.ts';

/** Labels in Temporal's UI name nodes of tasks up to this size. */
const NAMED = 500;

/**
 * Writes the snapshot of a new task, or finds the one that is there: the same submission again goes on with it, another
 * one is refused.
 */
export async function openTask(
  dependencies: Dependencies,
  name: string,
  runId: string,
  input: TaskInput,
): Promise<OpenedTask> {
  if ('resume' in input) return await goOn(dependencies, await find(dependencies, name), runId, input.resume.nodes);
  const { task, created, names } = await create(dependencies, name, runId, input);
  return created ? await begin(dependencies, task, names) : await goOn(dependencies, task, runId);
}

/** Of a task that was written just now there is nothing to read: this is on the way to its first command. */
async function begin({ store, link }: Dependencies, task: TaskRow, names: string[]): Promise<OpenedTask> {
  const { id, nodesTotal: total } = task;
  await store.tasks.update(id, { status: 'running', startedAt: new Date() });
  return {
    ...outline(task),
    remaining: at(0, range(total)),
    counts: { ...noCounts(), total, pending: total },
    nextBatch: 1,
    accepted: 0,
    ...(names.length > 0 && total <= NAMED && { names }),
    link,
  };
}

async function goOn(dependencies: Dependencies, task: TaskRow, runId: string, wanted?: string[]): Promise<OpenedTask> {
  const { store, link } = dependencies;
  const { id, nodesTotal: total } = task;
  const chosen = await putBack(dependencies, task, wanted);
  await store.tasks.update(id, { status: 'running', reason: '', hold: 'none', runId, finishedAt: null });
  const { counts } = await standing(store, id);
  const isComplete = counts.total === total;
  const remaining = isComplete ? await store.ledger.remaining(id) : at(0, range(total));
  return {
    ...outline(task),
    remaining: chosen ? only(remaining, chosen) : remaining,
    counts: isComplete ? counts : { ...counts, total, pending: total },
    nextBatch: (await store.ledger.lastBatch(id)) + 1,
    accepted: failures(counts),
    ...(isComplete && total <= NAMED && { names: await store.ledger.names(id) }),
    link,
  };
}

function outline({ id, template, nodesTotal, rollout, batchesDone }: TaskRow) {
  return {
    taskId: id,
    template: template.name,
    steps: template.steps.map(plan),
    total: nodesTotal,
    rollout,
    batchesDone,
  };
}

/** What is not ok of an ended task is pending again, or the named nodes of it, whose numbers are answered then. */
async function putBack({ store }: Dependencies, row: TaskRow, wanted?: string[]): Promise<Set<number> | undefined> {
  await store.ledger.release(row.id);
  const chosen = await store.ledger.choose(row.id, wanted);
  const unknown = wanted?.filter((name) => !chosen.some((node) => node.name === name)) ?? [];
  if (unknown.length > 0)
    throw ApplicationFailure.nonRetryable(`task ${row.name} has no node ${unknown.join(', ')}`, 'NoSuchNode');
  const nos = chosen.map(({ no }) => no);
  await store.ledger.requeue(row.id, nos);
  return wanted && new Set(nos);
}

async function find({ store }: Dependencies, name: string): Promise<TaskRow> {
  const row = await store.tasks.get(name);
  if (!row) throw ApplicationFailure.nonRetryable(`there is no task ${name} to go on with`, 'NoSuchTask');
  return row;
}

async function create({ store }: Dependencies, name: string, runId: string, input: NewTaskInput) {
  const spec = check(name, input);
  const total = isInParts(input.nodes) ? input.nodes.total : spec.nodes.length;
  const { task, created } = await store.tasks.create(newTask(spec, total, runId));
  if (!created && task.digest !== digest(spec, total))
    throw ApplicationFailure.nonRetryable(
      `the name ${name} is in use by another task: choose another name, or go on with that one by \`drover retry ${name}\``,
      'NameInUse',
    );
  await store.tasks.addNodes(task.id, 0, spec.nodes);
  return { task, created, names: spec.nodes.map((node) => node.name) };
}

/** Tasks come from code, from HTTP and from Temporal's own UI: whatever the way, they are checked here. */
function check(name: string, { template, nodes, params = {}, rollout, startedBy }: NewTaskInput): TaskSpec {
  try {
    const spec: TaskSpec = {
      name,
      template: parseTemplate(template),
      nodes: isInParts(nodes) ? [] : parseNodes(nodes),
      params: parseParams(params),
      ...(rollout !== undefined && { rollout: parseRollout(rollout) }),
      startedBy: startedBy ?? "Temporal's UI",
    };
    if (!isInParts(nodes)) checkTask(spec);
    return spec;
  } catch (error) {
    if (error instanceof Invalid) throw ApplicationFailure.nonRetryable(error.message, 'Invalid');
    throw error;
  }
}

function newTask(spec: TaskSpec, total: number, runId: string): NewTask {
  const { name, template, params, startedBy = '' } = spec;
  return {
    name,
    kind: 'run',
    pool: null,
    template,
    params,
    rollout: mergeRollout(DEFAULT_ROLLOUT, template.rollout, spec.rollout),
    digest: digest(spec, total),
    startedBy,
    nodesTotal: total,
    workflowId: name,
    runId,
  };
}

/** Tells the same submission from another one of the same name; who submitted it does not count. */
function digest({ template, nodes, params, rollout }: TaskSpec, total: number): string {
  return createHash('sha256')
    .update(JSON.stringify([template, nodes, params, rollout ?? null, total]))
    .digest('hex');
}

function isInParts(nodes: unknown): nodes is NodeParts {
  return typeof nodes === 'object' && nodes !== null && 'parts' in nodes;
}

/** Beyond its own timeouts a step may need this long: to connect, to find a node again, to kill, to write. */
const ALLOWANCE = 10 * 60_000;

function plan({ name, actions, timeout, retry }: Step): StepPlan {
  const action = (one: (typeof actions)[number]) =>
    ('wait' in one ? one.wait : 'check' in one ? one.check.within : 0) + timeout;
  const once = actions.reduce((sum, one) => sum + action(one), 0);
  return { name, deadline: (retry.times + 1) * once + retry.times * retry.delay + ALLOWANCE };
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
