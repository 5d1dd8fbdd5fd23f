import { durationText } from '../duration.ts';
import type { Action, AutoscaleState, Decision, Direction, Reading, Scaling } from './state.ts';
import { wantedNodes } from './wanted.ts';

/** Actions that go wrong again and again come at least this often, in ms. */
const LONGEST_BACKOFF = 3_600_000;

/**
 * What to do after a reading, which `state` has observed. Times in ms.
 *
 * - While it is paused, or a task of the pool runs or waits: nothing.
 * - Fewer nodes than `min`: grow, whatever the metric says.
 * - No metric that is of any use: nothing.
 * - Otherwise towards the nodes that the load takes, between `min` and `max`, by at most a step; after the pool last grew or
 *   shrank not before the cool-down of the direction is over, and down only as far as was enough all through that cool-down.
 */
export function decide(scaling: Scaling, state: AutoscaleState, reading: Reading, now: number): Decision {
  const decision = towardsLoad(scaling, state, reading, now);
  if (state.paused) return hold(decision.wanted, `paused; otherwise: ${decision.why}`);
  if (reading.busy !== null) return hold(decision.wanted, `waits for task ${reading.busy}, which has the pool`);
  return decision;
}

function towardsLoad(scaling: Scaling, state: AutoscaleState, reading: Reading, now: number): Decision {
  const { min, max } = scaling;
  const { nodes } = reading;
  const load = wantedNodes(scaling, reading);
  const wish = { scaling, state, nodes, now, wanted: load.nodes };
  if (nodes < min) return grow(wish, min, `${nodes} nodes are fewer than min ${min}`);
  if (load.nodes === null) return hold(null, `holds at ${nodes} nodes: ${load.why}`);

  const wanted = clamp(load.nodes, min, max);
  const limit = wanted < load.nodes ? `, max ${max}` : wanted > load.nodes ? `, min ${min}` : '';
  const why = `${load.why}: takes ${load.nodes} nodes${limit}`;
  if (wanted > nodes) return grow(wish, wanted, why);
  if (wanted < nodes) return giveUp(wish, wanted, why);
  return hold(load.nodes, `${why}, as there are`);
}

interface Wish {
  scaling: Scaling;
  state: AutoscaleState;
  nodes: number;
  now: number;
  wanted: number | null;
}

function grow(wish: Wish, to: number, why: string): Decision {
  const { scaling, nodes, wanted } = wish;
  const cooling = coolDown(wish, 'up');
  if (cooling !== undefined) return hold(wanted, `${why}, there are ${nodes}; ${cooling}`);
  return act('expand', Math.min(scaling.step.up, to - nodes), wish, to, why);
}

function giveUp(wish: Wish, to: number, why: string): Decision {
  const { scaling, state, nodes, wanted } = wish;
  const { min, max, step, cooldown } = scaling;
  const cooling = coolDown(wish, 'down');
  if (cooling !== undefined) return hold(wanted, `${why}, there are ${nodes}; ${cooling}`);
  const most = clamp(state.wants[0]?.nodes ?? nodes, min, max);
  if (most >= nodes)
    return hold(
      wanted,
      `${why}, there are ${nodes}; ${most} were wanted within the last ${durationText(cooldown.down)}`,
    );
  return act('shrink', Math.min(step.down, nodes - Math.max(to, most)), wish, to, why);
}

function act(what: 'expand' | 'shrink', by: number, { nodes, wanted }: Wish, to: number, why: string): Decision {
  const part = by < Math.abs(to - nodes) ? ', for now' : '';
  return { do: what, by, wanted, why: `${why}, there are ${nodes}: ${what}s by ${by}${part}` };
}

function hold(wanted: number | null, why: string): Decision {
  return { do: 'none', by: 0, wanted, why };
}

/** What of it is left, in words; undefined when it is over. */
function coolDown({ scaling, state, now }: Wish, direction: Direction): string | undefined {
  const waits = (['up', 'down'] as const).flatMap((way) => {
    const action = state.last[way];
    if (!action) return [];
    const quiet = way === direction ? backedOff(scaling, state, way) : scaling.cooldown[direction];
    return [{ left: action.at + quiet - now, action, way }];
  });
  const longest = waits.sort((one, other) => other.left - one.left)[0];
  if (!longest || longest.left <= 0) return undefined;
  return `cools down for another ${duration(longest.left)} after ${told(longest.action, longest.way)}`;
}

/** The cool-down, twice as long for each failure in a row after the first. */
function backedOff({ cooldown, every }: Scaling, { failures }: AutoscaleState, way: Direction): number {
  const plain = cooldown[way];
  if (failures[way] === 0) return plain;
  return Math.max(plain, Math.min(LONGEST_BACKOFF, Math.max(plain, every) * 2 ** (failures[way] - 1)));
}

function told({ task, ok }: Action, way: Direction): string {
  if (task === null) return `the pool ${way === 'up' ? 'grew' : 'shrank'} otherwise`;
  return `task ${task}${ok ? '' : ' failed'}`;
}

function duration(ms: number): string {
  return durationText(ms < 1000 ? Math.ceil(ms) : Math.ceil(ms / 1000) * 1000);
}

function clamp(nodes: number, min: number, max: number): number {
  return Math.max(Math.min(nodes, max), Math.min(min, max));
}
