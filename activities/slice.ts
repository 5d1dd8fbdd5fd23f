import { ApplicationFailure, Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import type { Slice, SliceResult } from '../model/activities.ts';
import { at, join, numbers } from '../model/spans.ts';
import type { SliceNode } from '../store/slice.ts';
import type { Dependencies } from './dependencies.ts';
import { NodeRun, type Where } from './node-run.ts';

const HEARTBEAT_EVERY = 1_000;

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
    const kill = AbortSignal.any([ending.kill, holding.kill]);
    const runs = nodes.map((node) =>
      new NodeRun(dependencies, task, slice, node, { kill, leave: ending.leave, holding }).go(startOf(slice, node)),
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

/**
 * Why an activity is cancelled decides what happens on the nodes. Stopped, cancelled or terminated in Temporal: the commands
 * are killed. Paused, reset, timed out, or the worker goes down: they are left running, and the next attempt takes them up.
 */
function followCancellation(): { kill: AbortSignal; leave: AbortSignal; stop: () => void } {
  const context = Context.current();
  const kill = new AbortController();
  const leave = new AbortController();
  const timer = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY);
  const decide = () => {
    const details = context.cancellationDetails;
    const isOver = details?.cancelRequested || details?.notFound;
    (isOver && !details.workerShutdown ? kill : leave).abort();
  };
  if (context.cancellationSignal.aborted) decide();
  else context.cancellationSignal.addEventListener('abort', decide, { once: true });
  context.heartbeat();
  return { kill: kill.signal, leave: leave.signal, stop: () => clearInterval(timer) };
}
