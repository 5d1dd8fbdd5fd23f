import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import type { NewTaskInput, OpenedTask, StepPlan, TaskInput } from '../model/activities.ts';
import { checkTask, Invalid, isInParts, parseSubmission, type ParsedSubmission } from '../model/parse/index.ts';
import { isComplete } from '../model/resolve.ts';
import { defaultRollout, mergeRollout } from '../model/rollout.ts';
import { at, only, type Span } from '../model/spans.ts';
import { failures, noCounts } from '../model/status.ts';
import { groupActionOf, type Step } from '../model/template.ts';
import { drawn, mostOf } from '../store/pool/draw.ts';
import type { Store } from '../store/store.ts';
import { resolveSubmission, type Resolved } from '../store/pool/submission.ts';
import type { NewTask, TaskRow } from '../store/tasks.ts';
import type { Dependencies } from './dependencies.ts';
import { standing } from './standing.ts';

/** Labels in Temporal's UI name nodes of tasks up to this size. */
const NAMED = 500;

/**
 * Writes the snapshot of a new task, or finds the one that is there: the same submission again goes on with it, another
 * one is refused. A task over a pool is not begun yet: it waits for its turn, and draws its nodes then.
 */
export async function openTask(
  dependencies: Dependencies,
  name: string,
  runId: string,
  input: TaskInput,
): Promise<OpenedTask> {
  if ('resume' in input) {
    const task = await find(dependencies, name);
    return isQueued(task)
      ? await enqueue(dependencies, task, runId, false)
      : await goOn(dependencies, task, runId, input.resume.nodes);
  }
  const { task, created, names } = await create(dependencies, name, runId, input);
  if (isQueued(task)) return await enqueue(dependencies, task, runId, input.now ?? false);
  return created ? await begin(dependencies, task, names) : await goOn(dependencies, task, runId);
}

/** Tasks of earlier versions know the pool by name alone, and do not queue. */
function isQueued({ poolId }: TaskRow): boolean {
  return poolId !== null;
}

async function enqueue({ store, link }: Dependencies, task: TaskRow, runId: string, now: boolean): Promise<OpenedTask> {
  await store.tasks.update(task.id, { status: 'pending', reason: '', hold: 'none', runId, finishedAt: null });
  return { ...outline(task), remaining: [], counts: noCounts(), nextBatch: 1, accepted: 0, link, turn: { now } };
}

/** Of a task that has its turn: what its pool is now decides what it is over; a task that was begun before goes on. */
export async function drawTask(
  dependencies: Dependencies,
  taskId: string,
  runId: string,
  input: TaskInput,
): Promise<OpenedTask> {
  const { store } = dependencies;
  const task = await taskOf(store, taskId);
  const most = await refusing(() => (task.startedAt ? mostOf(store, task) : drawn(store, task, runId)));
  const opened = task.startedAt ? await again(dependencies, task, runId, input) : await first(dependencies, taskId);
  return { ...opened, ...(most !== undefined && { most }) };
}

async function first(dependencies: Dependencies, taskId: string): Promise<OpenedTask> {
  const { store } = dependencies;
  return await begin(dependencies, await taskOf(store, taskId), await store.ledger.names(taskId));
}

async function again(dependencies: Dependencies, task: TaskRow, runId: string, input: TaskInput): Promise<OpenedTask> {
  if (task.kind === 'expand') await dependencies.store.machines.beginAnew(task.id);
  return await goOn(dependencies, task, runId, 'resume' in input ? input.resume.nodes : undefined);
}

/** A task that was settled goes on after all, with these nodes. Where they stand. */
export async function reopenPool({ store }: Dependencies, taskId: string, nos: readonly number[]): Promise<Span[]> {
  const task = await taskOf(store, taskId);
  if (task.kind === 'expand') await store.machines.beginAnew(taskId);
  return only(await store.ledger.remaining(taskId), new Set(nos));
}

async function taskOf(store: Store, id: string): Promise<TaskRow> {
  const task = await store.tasks.byId(id);
  if (!task) throw new Error(`the store has no task ${id}: is this worker connected to another database?`);
  return task;
}

/** Of a task that was written just now there is nothing to read: this is on the way to its first command. */
async function begin({ store, link }: Dependencies, task: TaskRow, names: string[]): Promise<OpenedTask> {
  const { id, nodesTotal: total } = task;
  if (!task.startedAt) await store.tasks.update(id, { status: 'running', startedAt: new Date() });
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

function outline({ id, template, nodesTotal, rollout, batchesDone, pool, poolId, kind }: TaskRow) {
  return {
    ...(pool !== null && poolId !== null && { pool: { name: pool, kind } }),
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
  return await refusing(async () => {
    const submission = parseSubmission({ ...input, name });
    const total = isInParts(input.nodes) ? input.nodes.total : undefined;
    // What was looked up once stays, however the catalogue has changed when this is done again.
    const known = namesSomething(submission) ? await store.tasks.get(name) : undefined;
    if (known) return { task: isSame(known, submission, total), created: false, names: [] };
    const resolved = await resolveSubmission(store, submission);
    if (total === undefined) checkTask({ ...submission, ...resolved, name });
    return await write(store, newTask(name, runId, submission, resolved, total), resolved, submission);
  });
}

/** What is wrong with a task is told once, and not tried again. */
async function refusing<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Invalid) throw ApplicationFailure.nonRetryable(error.message, 'Invalid');
    throw error;
  }
}

async function write(store: Store, fresh: NewTask, { nodes, plan }: Resolved, submission: ParsedSubmission) {
  const { task, created } = await store.tasks.create({ ...fresh, ...(!plan && { nodes }) });
  if (!created) isSame(task, submission, fresh.nodesTotal);
  return { task, created, names: nodes.map((node) => node.name) };
}

function namesSomething({ template, pool }: ParsedSubmission): boolean {
  return !template || pool !== undefined || !isComplete(template);
}

/** The task that has the name, if it is the one that is submitted; refused otherwise. */
function isSame(task: TaskRow, submission: ParsedSubmission, total: number | undefined): TaskRow {
  if (task.digest === digest(submission, total ?? submission.nodes?.length ?? 0)) return task;
  throw ApplicationFailure.nonRetryable(
    `the name ${task.name} is in use by another task: choose another name, or go on with that one by \`drover retry ${task.name}\``,
    'NameInUse',
  );
}

function newTask(
  name: string,
  runId: string,
  submission: ParsedSubmission,
  { template, nodes, templateId, templateVersion, plan }: Resolved,
  total: number | undefined,
): NewTask {
  const { params, rollout, pool = null, names, startedBy = "Temporal's UI", origin = {} } = submission;
  return {
    name,
    kind: plan?.kind ?? 'run',
    pool: plan?.pool.name ?? pool,
    poolId: plan?.pool.id ?? null,
    action: plan ? (submission.do ?? { run: names ? { nodes: names } : {} }) : null,
    template,
    params,
    rollout: mergeRollout(defaultRollout(plan?.kind ?? 'run'), template.rollout, rollout),
    digest: digest(submission, total ?? submission.nodes?.length ?? 0),
    startedBy,
    nodesTotal: plan ? 0 : (total ?? nodes.length),
    workflowId: name,
    runId,
    ...(origin.number !== undefined && { seq: origin.number }),
    title: origin.title ?? null,
    templateId: origin.templateId ?? templateId ?? null,
    templateVersion: origin.templateVersion ?? templateVersion ?? null,
    opendcp: origin.opendcp ?? null,
    schedule: origin.schedule ?? null,
  };
}

/**
 * Tells the same submission from another one of the same name; who submitted it does not count, nor what its names stand
 * for by now.
 */
function digest(submission: ParsedSubmission, total: number): string {
  const { template, nodes = [], params, rollout, templateName, pool, names, do: action } = submission;
  const named = templateName === undefined && pool === undefined ? [] : [{ templateName, pool, names, action }];
  return createHash('sha256')
    .update(JSON.stringify([template, nodes, params, rollout ?? null, total, ...named]))
    .digest('hex');
}

/** Beyond its own timeouts a step may need this long: to connect, to find a node again, to kill, to write. */
const ALLOWANCE = 10 * 60_000;

function plan(step: Step): StepPlan {
  const { name, actions, timeout, retry } = step;
  const action = (one: (typeof actions)[number]) =>
    ('wait' in one ? one.wait : 'check' in one ? one.check.within : 0) + timeout;
  const once = actions.reduce((sum, one) => sum + action(one), 0);
  const isGroup = groupActionOf(step) !== undefined;
  return {
    name,
    ...(isGroup && { group: true as const }),
    deadline: (retry.times + 1) * once + retry.times * retry.delay + ALLOWANCE,
  };
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
