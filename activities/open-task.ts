import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import type { NewTaskInput, NodeParts, OpenedTask, StepPlan, TaskInput } from '../model/activities.ts';
import { Invalid } from '../model/parse/invalid.ts';
import { checkTask, parseNodes, parseRollout, parseTemplate } from '../model/parse/index.ts';
import { mergeRollout, DEFAULT_ROLLOUT } from '../model/rollout.ts';
import { failures } from '../model/status.ts';
import type { TaskSpec } from '../model/task.ts';
import type { Step, Template } from '../model/template.ts';
import type { NewTask, TaskRow } from '../store/store.ts';
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
  const { tasks, ledger } = dependencies.store;
  const row = 'resume' in input ? await find(dependencies, name) : await create(dependencies, name, runId, input);
  const isFirst = row.status === 'pending' && row.batchesDone === 0;
  const only = 'resume' in input ? input.resume.nodes : undefined;
  const before = await tasks.counts(row.id);
  if (!isFirst) await ledger.release(row.id);
  if (only) await ledger.requeue(row.id, await numbersOf(dependencies, row, only));
  else if (!isFirst) await ledger.requeue(row.id);
  await tasks.update(row.id, { status: 'running', reason: '', hold: 'none', runId, finishedAt: null, ...(isFirst && { startedAt: new Date() }) });
  const { counts } = await standing(dependencies.store, row.id);
  const remaining = before.total < row.nodesTotal ? [{ from: 0, to: row.nodesTotal - 1, step: 0 }] : await ledger.remaining(row.id);
  return {
    taskId: row.id,
    template: row.template.name,
    steps: row.template.steps.map(plan),
    total: row.nodesTotal,
    rollout: row.rollout,
    remaining: only ? await ledger.pending(row.id) : remaining,
    counts: { ...counts, total: row.nodesTotal },
    nextBatch: row.nextBatch,
    batchesDone: row.batchesDone,
    accepted: only ? failures(counts) : 0,
    ...(row.nodesTotal <= NAMED && before.total > 0 && { names: await ledger.names(row.id) }),
    link: dependencies.link,
  };
}

async function find({ store }: Dependencies, name: string): Promise<TaskRow> {
  const row = await store.tasks.get(name);
  if (!row) throw ApplicationFailure.nonRetryable(`there is no task ${name} to go on with`, 'NoSuchTask');
  return row;
}

async function create({ store }: Dependencies, name: string, runId: string, input: NewTaskInput): Promise<TaskRow> {
  const spec = check(name, input);
  const total = isInParts(input.nodes) ? input.nodes.total : spec.nodes.length;
  const { task, created } = await store.tasks.create(newTask(spec, total, runId));
  if (!created && task.digest !== digest(spec, total))
    throw ApplicationFailure.nonRetryable(
      `the name ${name} is in use by another task: choose another name, or go on with that one by \`drover retry ${name}\``,
      'NameInUse',
    );
  await store.tasks.addNodes(task.id, 0, spec.nodes);
  return task;
}

/** Tasks come from code, from HTTP and from Temporal's own UI: whatever the way, they are checked here. */
function check(name: string, { template, nodes, params = {}, rollout, startedBy }: NewTaskInput): TaskSpec {
  try {
    const spec: TaskSpec = {
      name,
      template: parseTemplate(template),
      nodes: isInParts(nodes) ? [] : parseNodes(nodes),
      params,
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
    params: { ...defaults(template), ...params },
    rollout: mergeRollout(DEFAULT_ROLLOUT, template.rollout, spec.rollout),
    digest: digest(spec, total),
    startedBy,
    nodesTotal: total,
    workflowId: name,
    runId,
  };
}

function defaults(template: Template): Record<string, string> {
  return Object.fromEntries(
    Object.entries(template.params).flatMap(([name, { default: value }]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** Tells the same submission from another one of the same name; who submitted it does not count. */
function digest({ template, nodes, params, rollout }: TaskSpec, total: number): string {
  return createHash('sha256').update(JSON.stringify([template, nodes, params, rollout ?? null, total])).digest('hex');
}

async function numbersOf({ store }: Dependencies, { id, name }: TaskRow, nodes: string[]): Promise<number[]> {
  const numbers = await store.ledger.numbers(id, nodes);
  const unknown = nodes.filter((node) => !numbers.has(node));
  if (unknown.length > 0)
    throw ApplicationFailure.nonRetryable(`task ${name} has no node ${unknown.join(', ')}`, 'NoSuchNode');
  return [...numbers.values()];
}

function isInParts(nodes: unknown): nodes is NodeParts {
  return typeof nodes === 'object' && nodes !== null && 'parts' in nodes;
}

/** Beyond its own timeouts a step may need this long: to connect, to find a node again, to kill, to write. */
const ALLOWANCE = 10 * 60_000;

function plan({ name, actions, timeout, retry }: Step): StepPlan {
  const action = (one: (typeof actions)[number]) => ('wait' in one ? one.wait : 'check' in one ? one.check.within : 0) + timeout;
  const once = actions.reduce((sum, one) => sum + action(one), 0);
  return { name, deadline: (retry.times + 1) * once + retry.times * retry.delay + ALLOWANCE };
}

