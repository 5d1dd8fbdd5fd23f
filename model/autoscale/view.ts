import { durationText } from '../duration.ts';
import type { AutoscaleSpec } from '../pool/pool.ts';
import type { Action, AutoscaleState, Direction } from './state.ts';

/** Where an autoscaler stands, as its query answers; times as ISO 8601. */
export interface AutoscaleView {
  paused: boolean;
  /** What the last reading found; null before the first. */
  reading: {
    at: string;
    /** Null when it could not be had, and `missing` says why. */
    value: number | null;
    missing: string;
    nodes: number;
    drained: number;
  } | null;
  /** What came of it. */
  decision: { do: 'none' | 'expand' | 'shrink'; by: number; wanted: number | null; why: string } | null;
  /** Its task that has not ended. */
  underWay: string | null;
  /** When the pool last grew and shrank, by whatever. */
  last: Record<Direction, ActionView | null>;
  /** Expansions and shrinks that it has started, ever. */
  actions: Record<Direction, number>;
  nextReadingAt: string | null;
}

export interface ActionView {
  at: string;
  by: number;
  /** Null: somebody else's. */
  task: string | null;
  ok: boolean;
  reason: string;
}

export function viewOf(state: AutoscaleState, nextReadingAt: number | null): AutoscaleView {
  const { latest, paused, underWay, last, actions } = state;
  const reading = latest && {
    at: iso(latest.at),
    value: latest.reading.value,
    missing: latest.reading.missing,
    nodes: latest.reading.nodes,
    drained: latest.reading.drained,
  };
  return {
    paused,
    reading,
    decision: latest && latest.decision,
    underWay: underWay && underWay.task,
    last: { up: actionView(last.up), down: actionView(last.down) },
    actions,
    nextReadingAt: nextReadingAt === null ? null : iso(nextReadingAt),
  };
}

function actionView(action: Action | null): ActionView | null {
  return action && { ...action, at: iso(action.at) };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Settings as people write them, with what is so by default. */
export function writtenSettings({ cooldown, every, ...settings }: AutoscaleSpec) {
  return {
    ...settings,
    cooldown: { up: durationText(cooldown.up), down: durationText(cooldown.down) },
    every: durationText(every),
  };
}
