import { condition, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { StepPlan } from '../model/activities.ts';
import { count, join, numbers, slices, type Span } from '../model/spans.ts';
import type { Hold } from '../model/task.ts';
import { sliceActivities } from './activities.ts';
import { descriptions, hold } from './messages.ts';

export interface BatchInput {
  taskId: string;
  batch: number;
  spans: Span[];
  steps: StepPlan[];
  order: 'step' | 'node';
  hold: Hold;
  /** Names by number, where there are few enough to show them. */
  names: Record<number, string>;
}

/**
 * An activity costs the Temporal server 3-14 ms, so a step of a large batch is cut into five of them; up to ten nodes
 * each get their own, so that Temporal's UI shows every node.
 */
const SINGLE = 10;
const PARTS = 5;

/** ms in which the signal of a hold follows the hold itself. */
const SIGNAL_WITHIN = 2_000;

/** Takes some nodes through the steps, and ends when each is through, has failed, or the task was stopped. */
export async function batch(input: BatchInput): Promise<void> {
  let holding = input.hold;
  setHandler(hold, (next) => void (holding = next), { description: descriptions.hold });

  let live = input.spans;
  for (const [first, last] of stretches(input)) {
    const isGroup = input.steps[first]?.group === true;
    const here = live.filter((span) => span.step <= last);
    const passed = live.filter((span) => span.step > last);
    for (let waiting = here; waiting.length > 0;) {
      await condition(() => holding !== 'pause');
      if (holding !== 'none') return;
      tell(input, first, last, waiting);
      const slices = isGroup ? [waiting] : cut(waiting);
      const results = await all(slices.map((spans) => runSlice(input, first, last, spans)));
      passed.push(...results.flatMap((result) => result.passed));
      waiting = join(results.flatMap((result) => result.held));
      // Nodes may find the hold in the ledger before its signal is here.
      if (waiting.length > 0) await condition(() => holding !== 'none', SIGNAL_WITHIN);
    }
    live = join(passed);
  }
}

/**
 * Order `step`: one step after the other, each a barrier. Order `node`: all of them in one go, but for group actions, which
 * are barriers all the same.
 */
function stretches({ steps, order }: BatchInput): [first: number, last: number][] {
  const found: [first: number, last: number][] = [];
  for (const [index, step] of steps.entries()) {
    const before = found.at(-1);
    const goesOn = order === 'node' && !step.group && before && !steps[before[1]]?.group;
    if (goesOn) before[1] = index;
    else found.push([index, index]);
  }
  return found;
}

function cut(spans: Span[]): Span[][] {
  const nodes = count(spans);
  return slices(spans, nodes <= SINGLE ? nodes : PARTS);
}

async function runSlice(input: BatchInput, first: number, last: number, spans: Span[]) {
  const deadline = input.steps.slice(first, last + 1).reduce((sum, step) => sum + step.deadline, 0);
  const { runSlice: onNodes, runGroup } = sliceActivities(
    deadline,
    `${label(input, first, last)}: ${who(input, spans)}`,
  );
  const slice = { taskId: input.taskId, batch: input.batch, firstStep: first, lastStep: last, spans };
  return input.steps[first]?.group ? await runGroup(slice) : await onNodes(slice);
}

/** Like Promise.all, but waits for every one: commands that are being killed are to be recorded before the batch ends. */
async function all<T>(promises: Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}

function label({ steps, order }: BatchInput, first: number, last: number): string {
  return order === 'node' && last > first ? `all ${last - first + 1} steps` : (steps[first]?.name ?? '');
}

function who({ names }: BatchInput, spans: Span[]): string {
  const nos = numbers(spans);
  const [only] = nos;
  if (nos.length === 1 && only !== undefined) return names[only] ?? `node ${only}`;
  return `${nos.length} nodes, ${spans.map(({ from, to }) => (from === to ? String(from) : `${from}–${to}`)).join(', ')}`.slice(
    0,
    100,
  );
}

function tell(input: BatchInput, first: number, last: number, spans: Span[]): void {
  const total = count(input.spans);
  setCurrentDetails(`Batch ${input.batch}: **${label(input, first, last)}** on ${count(spans)} of ${total} nodes`);
}
