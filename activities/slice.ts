import type { Slice, SliceResult } from '../model/activities.ts';
import { at, join } from '../model/spans.ts';
import type { SliceNode } from '../store/slice.ts';
import type { Store } from '../store/store.ts';
import type { TaskRow } from '../store/tasks.ts';
import type { Dependencies } from './dependencies.ts';
import { NodeRun, type Where } from './node-run.ts';
import { withSlice } from './with-slice.ts';

/**
 * Takes nodes through some steps, side by side. The ledger says what an earlier attempt has done already; running commands
 * are taken up where they are.
 */
export async function runSlice(dependencies: Dependencies, slice: Slice): Promise<SliceResult> {
  return await withSlice(dependencies, slice, async ({ task, nodes, ending, holding }) => {
    const signals = { kill: AbortSignal.any([ending.kill, holding.kill]), leave: ending.leave, holding };
    const booting = await bootTimes(dependencies.store, task);
    const runs = nodes.map((node) =>
      new NodeRun(dependencies, task, slice, { ...node, ...booting.get(node.no) }, signals).go(startOf(slice, node)),
    );
    return result(slice, nodes, await Promise.all(runs));
  });
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
