import type { Activities, BatchRecord, Selected, Selection, Standing, TaskRecord } from '../model/activities.ts';
import { only } from '../model/spans.ts';
import type { Store } from '../store/store.ts';
import { settleMembership } from './membership.ts';
import { standing } from './standing.ts';

/** What a task's workflow writes down as it goes. */
export function steering(
  store: Store,
): Pick<Activities, 'addNodes' | 'recordTask' | 'recordBatch' | 'requeue' | 'skip' | 'closeTask'> {
  return {
    addNodes: (taskId, { firstNo, nodes }) => store.tasks.addNodes(taskId, firstNo, nodes),
    recordTask: (record) => recordTask(store, record),
    recordBatch: (record) => recordBatch(store, record),
    requeue: (selection) => select(store, selection, (taskId, nos) => store.ledger.requeue(taskId, nos)),
    skip: (selection) => select(store, selection, (taskId, nos) => store.ledger.skip(taskId, nos)),
    closeTask: (taskId, end) => closeTask(store, taskId, end),
  };
}

async function recordTask(store: Store, { taskId, ...patch }: TaskRecord): Promise<void> {
  await store.tasks.update(taskId, patch);
}

async function recordBatch(store: Store, record: BatchRecord): Promise<Standing> {
  const { taskId, batch, nodes, state, batchesDone, batchesTotal } = record;
  await store.ledger.batch(taskId, batch, nodes, state);
  await store.tasks.update(taskId, { batchesDone, batchesTotal });
  if (state === 'finished') await settleMembership(store, taskId);
  return await standing(store, taskId);
}

async function select(
  store: Store,
  { taskId, nodes, busyBatches }: Selection,
  act: (taskId: string, nos: number[]) => Promise<void>,
): Promise<Selected> {
  const chosen = await store.ledger.choose(taskId, nodes);
  const isBusy = (batch: number | null) => batch !== null && busyBatches.includes(batch);
  const free = chosen.filter(({ batch, status }) => !isBusy(batch) || status === 'pending');
  const nos = free.map(({ no }) => no);
  await act(taskId, nos);
  const remaining = await store.ledger.remaining(taskId);
  return {
    spans: only(remaining, new Set(nos)),
    busy: chosen.filter(({ batch }) => isBusy(batch)).map(({ name }) => name),
    standing: await standing(store, taskId),
  };
}

async function closeTask(
  store: Store,
  taskId: string,
  end: { status: TaskRecord['status']; reason: string },
): Promise<Standing> {
  await store.ledger.release(taskId);
  await store.catalogue.settle(taskId); // before the end shows: who waits for it looks at the pool next
  await store.tasks.update(taskId, { ...end, hold: 'none', finishedAt: new Date() });
  return await standing(store, taskId);
}
