import type { Action, AutoscaleState, Direction, Reading, Scaling, UnderWay } from './state.ts';
import { wantedNodes } from './wanted.ts';

/** The state with what a reading tells, before anything is decided by it. */
export function observed(state: AutoscaleState, scaling: Scaling, reading: Reading, now: number): AutoscaleState {
  const { nodes, last } = state;
  const grown = nodes === null ? 0 : reading.nodes - nodes;
  const change: Action = { at: now, by: Math.abs(grown), task: null, ok: true, reason: '' };
  return {
    ...state,
    nodes: reading.nodes,
    wants: remembered(state, scaling, reading, now),
    last: { up: grown > 0 ? change : last.up, down: grown < 0 ? change : last.down },
  };
}

/** The state once an action has begun. */
export function begun(state: AutoscaleState, underWay: UnderWay): AutoscaleState {
  const { direction } = underWay;
  return { ...state, underWay, actions: { ...state.actions, [direction]: state.actions[direction] + 1 } };
}

/** The state once the action that was under way has ended. */
export function ended(state: AutoscaleState, end: { at: number; ok: boolean; reason: string }): AutoscaleState {
  if (!state.underWay) return state;
  const { direction, by, task } = state.underWay;
  const set = <Value>(of: Record<Direction, Value>, value: Value) => ({ ...of, [direction]: value });
  return {
    ...state,
    underWay: null,
    nodes: null,
    last: set<Action | null>(state.last, { by, task, ...end }),
    failures: set(state.failures, end.ok ? 0 : state.failures[direction] + 1),
  };
}

/**
 * At first, while a task has the pool and while there is no metric, the nodes that there are count as wanted: none is given up
 * before the load has been seen for a whole cool-down.
 */
function remembered({ wants }: AutoscaleState, scaling: Scaling, reading: Reading, now: number) {
  const load = wantedNodes(scaling, reading);
  const isSeen = wants.length > 0 && reading.busy === null;
  const wanted = load.nodes ?? reading.nodes;
  const nodes = isSeen ? wanted : Math.max(reading.nodes, wanted);
  const since = now - scaling.cooldown.down;
  return [...wants.filter((want) => want.at >= since && want.nodes > nodes), { at: now, nodes }];
}
