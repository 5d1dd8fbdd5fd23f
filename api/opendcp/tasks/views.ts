import pLimit from 'p-limit';
import type { Json } from '../../../model/json.ts';
import { taskState } from '../../../model/opendcp/states.ts';
import { stepsOfSpec } from '../../../model/opendcp/steps.ts';
import { batchSize } from '../../../model/rollout.ts';
import { failures, noCounts, type NodeCounts, type TaskStatus } from '../../../model/status.ts';
import type { TaskRow } from '../../../store/tasks.ts';
import { standing } from '../../views/task.ts';
import type { Call } from '../call.ts';
import { paged, replied, timeText, type Reply } from '../envelope.ts';
import { Refusal } from '../refusal.ts';
import { showSteps } from '../templates.ts';

/** Questions to Temporal at once, one for each task of a page that has not ended. */
const AT_ONCE = 10;

/** Each comes with its template and all of its scripts: some 20 KB. */
const MOST = 1000;

export async function listTasks(call: Call): Promise<Reply> {
  const { namedPage } = call;
  const page = { ...namedPage, pageSize: Math.min(MOST, namedPage.pageSize) };
  const { items, counts, total } = await call.parts.store.tasks.page(page);
  const limit = pLimit(AT_ONCE);
  const shown = await Promise.all(
    items.map((row) => limit(async () => show(row, counts.get(row.id) ?? noCounts(), await statusOf(call, row)))),
  );
  return paged(page, { items: shown, total }, (task) => task);
}

export async function showTask(call: Call): Promise<Reply> {
  const row = await foundTask(call);
  return replied(show(row, await call.parts.store.tasks.counts(row.id), await statusOf(call, row)));
}

/** The task of the path's number. Refuses (400) an unknown one. */
export async function foundTask(call: Call): Promise<TaskRow> {
  const { id } = call;
  const row = await call.parts.store.tasks.bySeq(id);
  if (!row) throw new Refusal(400, `Flow not found: ${id}`);
  return row;
}

/** With Temporal asked where the ledger has the task running. */
export async function statusOf(call: Call, row: TaskRow): Promise<TaskStatus> {
  return (await standing(call.parts, row)).status;
}

function show(row: TaskRow, counts: NodeCounts, status: TaskStatus): Json {
  return {
    id: row.seq,
    template_id: row.templateId ?? 0,
    template_name: row.template.name,
    task_name: titleOf(row),
    pool_name: row.pool ?? '',
    state: taskState(status, counts),
    options: optionsOf(row),
    step_len: row.opendcp?.stepLen ?? batchSize(row.rollout, row.nodesTotal),
    opr_user: row.startedBy,
    created: timeText(row.createdAt),
    updated: timeText(row.finishedAt ?? row.startedAt ?? row.createdAt),
    Stat: statOf(counts, status),
  };
}

export function titleOf({ title, name }: TaskRow): string {
  return title ?? name;
}

function optionsOf({ opendcp, template }: TaskRow): Json {
  return showSteps(opendcp?.options ?? stepsOfSpec(template));
}

/** Nodes by OpenDCP's states. While a task is paused, its nodes between two steps are stopped. */
function statOf(counts: NodeCounts, status: TaskStatus): number[] {
  const { pending, running, ok, skipped, cancelled } = counts;
  const isPaused = status === 'paused';
  return [pending, isPaused ? 0 : running, ok + skipped, failures(counts), cancelled + (isPaused ? running : 0)];
}
