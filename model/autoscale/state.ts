import type { AutoscaleSpec } from '../pool/pool.ts';

/** What decides, with the pool's own limits applied. Without the metric: its headers are nothing for Temporal's history. */
export type Scaling = Omit<AutoscaleSpec, 'metric'>;

export type Direction = 'up' | 'down';

/** What one reading found. */
export interface Reading {
  /** Of the metric. Null: there is none, and `missing` says why. */
  value: number | null;
  missing: string;
  /** ms for which the value has been known, where its source says so. */
  age: number;
  /** Nodes of the pool, and how many of them are drained. */
  nodes: number;
  drained: number;
  /** A task of the pool that runs or waits. */
  busy: string | null;
}

export interface Decision {
  do: 'none' | 'expand' | 'shrink';
  /** Nodes. */
  by: number;
  /** Nodes that the load takes, before any limit; null when nobody can tell. */
  wanted: number | null;
  /** One sentence for a person. */
  why: string;
}

/** The last time that the pool grew or shrank. Without a task: somebody else made it. Times in ms. */
export interface Action {
  /** When it ended. */
  at: number;
  by: number;
  task: string | null;
  ok: boolean;
  reason: string;
}

export interface UnderWay {
  task: string;
  direction: Direction;
  by: number;
}

/** All that an autoscaler has to remember when it goes on in a new history. */
export interface AutoscaleState {
  paused: boolean;
  /** As last read; null at first, and after an action of its own, whose effect is no news. */
  nodes: number | null;
  /**
   * Nodes that were wanted within the cool-down for shrinking, oldest first: only those that are more than every later one, so
   * never more entries than different numbers of nodes.
   */
  wants: { at: number; nodes: number }[];
  last: Record<Direction, Action | null>;
  /** Actions of its own that did not end well, in a row. */
  failures: Record<Direction, number>;
  /** Actions of its own, ever. */
  actions: Record<Direction, number>;
  underWay: UnderWay | null;
  /** The last reading and what came of it. */
  latest: { at: number; reading: Reading; decision: Decision } | null;
}

export function begin(): AutoscaleState {
  return {
    paused: false,
    nodes: null,
    wants: [],
    last: { up: null, down: null },
    failures: { up: 0, down: 0 },
    actions: { up: 0, down: 0 },
    underWay: null,
    latest: null,
  };
}
