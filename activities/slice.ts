import { ApplicationFailure } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import type { Slice, SliceResult } from '../model/activities.ts';
import { at, join, numbers } from '../model/spans.ts';
import type { SliceNode } from '../store/slice.ts';
import type { Store } from '../store/store.ts';
import type { TaskRow } from '../store/tasks.ts';
import { followCancellation } from './cancellation.ts';
import type { Dependencies } from './dependencies.ts';
import { NodeRun, type Where } from './node-run.ts';

/**
 * Takes nodes through some steps, side by side. The ledger says what an earlier attempt has done already; running commands
 * are taken up where they are.
 */
export async function runSlice(dependencies: Dependencies, slice: Slice): Promise<SliceResult> {
  const { store, snapshots, holds } = dependencies;
  const ending = followCancellation();
  const holding = holds.follow(slice.taskId);
  try {
    const [task, nodes] = await Promise.all([
      snapshots.of(slice.taskId),
      store.ledger.slice(slice.taskId, numbers(slice.spans)),
      holding.fresh(),
    ]);
    if (task.kind !== 'shrink') await leaveOutDrained(store, task, nodes);
    const kill = AbortSignal.any([ending.kill, holding.kill]);
    const booting = await bootTimes(store, task);
    const runs = nodes.map((node) =>
      new NodeRun(
        dependencies,
        task,
        slice,
        { ...node, ...booting.get(node.no) },
        { kill, leave: ending.leave, holding },
      ).go(startOf(slice, node)),
    );
    const places = await Promise.all(runs);
    return result(slice, nodes, places);
  } catch (error) {
    if (ending.leave.aborted) throw ApplicationFailure.retryable('let go; the commands go on', 'LetGo');
    throw error;
  } finally {
    holding.release();
    ending.stop();
    if (ending.kill.aborted) throw new CancelledFailure('killed');
  }
}

/** ms that a machine may take from running until it accepts logins. */
const BOOT = 5 * 60_000;

async function bootTimes(store: Store, task: TaskRow): Promise<Map<number, { bootUntil: number }>> {
  const machines = task.kind === 'expand' ? await store.machines.ofTask(task.id) : [];
  return new Map(
    machines.flatMap(({ no, readyAt }) =>
      no === null || !readyAt ? [] : [[no, { bootUntil: readyAt.getTime() + BOOT }] as const],
    ),
  );
}

/** A node that somebody has drained is in no new batch. What this task has drained itself it goes on with. */
export async function leaveOutDrained(store: Store, task: TaskRow, nodes: SliceNode[]): Promise<void> {
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

function startOf({ spans, firstStep }: Slice, { no }: SliceNode): number {
  const span = spans.find(({ from, to }) => from <= no && no <= to);
  return Math.max(firstStep, span?.step ?? firstStep);
}

function result(slice: Slice, nodes: SliceNode[], places: Where[]): SliceResult {
  const passed = nodes.filter((_, i) => places[i]?.kind === 'passed').map(({ no }) => no);
  const held = nodes.flatMap(({ no }, i) => {
    const place = places[i];
    return place?.kind === 'held' ? at(place.step, [no]) : [];
  });
  return { passed: at(slice.lastStep + 1, passed), held: join(held) };
}
