import { setTimeout as sleep } from 'node:timers/promises';
import { NoSuchTask } from '../../client/errors.ts';
import { reconciled } from '../../model/execution.ts';
import { DEFAULT_ROLLOUT } from '../../model/rollout.ts';
import { ENDED, noCounts, type NodeCounts, type TaskStatus } from '../../model/status.ts';
import type { TaskView } from '../../model/task.ts';
import type { ListedTask, TaskRow } from '../../store/tasks.ts';
import { TemporalUnreachable } from '../../client/errors.ts';
import type { Parts } from '../parts.ts';

/** A task's first activity writes it into the ledger, some 100 ms after Temporal has it; ms to wait for that. */
const RECORDED_WITHIN = 1000;

/** The task as it is now, for a person. Throws NoSuchTask. */
export async function showTask(parts: Parts, name: string): Promise<TaskView> {
  const row = await findTask(parts, name);
  if (!row) return unrecorded(parts, name);
  return view(parts, row, await parts.store.tasks.counts(row.id), await standing(parts, row));
}

/** The task's row. Undefined: Temporal has the task, but no worker has taken it up yet. Throws NoSuchTask. */
export async function findTask(parts: Parts, name: string): Promise<TaskRow | undefined> {
  const found = await parts.store.tasks.get(name);
  if (found) return found;
  const { state } = await parts.drover.task(name).execution();
  if (state === 'missing') throw new NoSuchTask(name);
  const deadline = Date.now() + RECORDED_WITHIN;
  while (Date.now() < deadline) {
    await sleep(50);
    const row = await parts.store.tasks.get(name);
    if (row) return row;
  }
  return undefined;
}

/** Status and reason of a task, with Temporal asked when the ledger has it running. Without Temporal: the ledger's word, said so. */
export async function standing(parts: Parts, row: ListedTask): Promise<{ status: TaskStatus; reason: string }> {
  if (ENDED.includes(row.status)) return row;
  try {
    const { state } = await parts.drover.task(row.name).execution();
    return reconciled(row.status, row.reason, state);
  } catch (error) {
    if (!(error instanceof TemporalUnreachable)) throw error;
    return { status: row.status, reason: asLastRecorded(row.reason) };
  }
}

export function view(
  parts: Parts,
  row: ListedTask,
  nodes: NodeCounts,
  { status, reason }: { status: TaskStatus; reason: string },
): TaskView {
  return {
    id: row.id,
    number: row.seq,
    name: row.name,
    title: row.title ?? row.name,
    kind: row.kind,
    pool: row.pool,
    template: row.templateName,
    templateVersion: row.templateVersion,
    status,
    reason,
    startedBy: row.startedBy,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    nodes,
    batches: { total: row.batchesTotal, done: row.batchesDone },
    rollout: row.rollout,
    temporal: { workflowId: row.workflowId, runId: row.runId, url: temporalUrl(parts, row.workflowId, row.runId) },
  };
}

/** A task that only Temporal knows of so far. */
async function unrecorded(parts: Parts, name: string): Promise<TaskView> {
  const { state, runId } = await parts.drover.task(name).execution();
  return {
    id: '',
    number: null,
    name,
    title: name,
    kind: 'run',
    pool: null,
    template: '',
    templateVersion: null,
    ...reconciled('pending', 'waits for a worker to take it up', state),
    startedBy: '',
    createdAt: new Date().toISOString(),
    startedAt: null,
    finishedAt: null,
    nodes: noCounts(),
    batches: { total: 0, done: 0 },
    rollout: DEFAULT_ROLLOUT,
    temporal: { workflowId: name, runId, url: temporalUrl(parts, name, runId) },
  };
}

function asLastRecorded(reason: string): string {
  return `${reason}${reason === '' ? '' : ' '}(as last recorded: Temporal does not answer)`;
}

function temporalUrl({ temporalUi, namespace }: Parts, workflowId: string, runId: string | null): string | null {
  if (temporalUi === undefined) return null;
  const workflow = `${temporalUi}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
  return runId === null ? workflow : `${workflow}/${runId}/history`;
}
