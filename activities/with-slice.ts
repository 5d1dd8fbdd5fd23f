import { ApplicationFailure } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import type { Slice, SliceResult } from '../model/activities.ts';
import { numbers } from '../model/spans.ts';
import type { SliceNode } from '../store/slice.ts';
import type { Store } from '../store/store.ts';
import type { TaskRow } from '../store/tasks.ts';
import { followCancellation, type Ending } from './cancellation.ts';
import type { Dependencies } from './dependencies.ts';
import type { Holding } from './holds.ts';

/** Some nodes of a batch in an activity's hands. */
export interface SliceAtWork {
  task: TaskRow;
  nodes: SliceNode[];
  ending: Ending;
  holding: Holding;
}

/** Works on the nodes of a slice, as the ledger has them, until the work or the activity is to end. */
export async function withSlice(
  { store, snapshots, holds }: Dependencies,
  slice: Slice,
  work: (slice: SliceAtWork) => Promise<SliceResult>,
): Promise<SliceResult> {
  const ending = followCancellation();
  const holding = holds.follow(slice.taskId);
  try {
    const [task, nodes] = await Promise.all([
      snapshots.of(slice.taskId),
      store.ledger.slice(slice.taskId, numbers(slice.spans)),
      holding.fresh(),
    ]);
    if (task.kind !== 'shrink') await leaveOutDrained(store, task, nodes);
    return await work({ task, nodes, ending, holding });
  } catch (error) {
    if (ending.leave.aborted)
      throw ApplicationFailure.retryable('let go; what was begun goes on, and is taken up again', 'LetGo');
    throw error;
  } finally {
    holding.release();
    ending.stop();
    if (ending.kill.aborted) throw new CancelledFailure('killed');
  }
}

/** A node that somebody has drained is in no new batch. What this task has drained itself it goes on with. */
async function leaveOutDrained(store: Store, task: TaskRow, nodes: SliceNode[]): Promise<void> {
  const fresh = nodes.filter(({ status }) => status === 'pending');
  if (task.poolId === null || fresh.length === 0) return;
  const drained = await store.rotation.keptFrom(
    task.id,
    fresh.map(({ node }) => node.name),
  );
  for (const node of fresh) {
    const by = drained.get(node.node.name);
    if (by === undefined) continue;
    node.status = 'skipped';
    await store.ledger.settle(task.id, node.no, 'skipped', `drained by ${by}`);
  }
}
