import type { CountOrShare } from '../rollout.ts';

/** What a task does with a pool, in place of a template and nodes. */
export type PoolAction =
  /** More nodes: `by` so many, or up to `to` (none when there are as many already). */
  | { expand: Amount }
  /** Fewer nodes: `by` so many, down to `to`, or those named. */
  | { shrink: Amount & { nodes?: string[]; choose?: Choice } }
  /** Its deploy template on its nodes, or on those named. */
  | { deploy: { nodes?: string[] } }
  /** An expand or a shrink, as it takes when the task has its turn. `of` scheduled: only nodes that a schedule made count. */
  | { scale: { to: number; of?: 'all' | 'scheduled'; choose?: Choice } }
  /** Gives back machines that were made and belong to no node: those of these ids, or all of them. */
  | { release: { machines?: string[] } };

/** The same as a task keeps it: also of a run of any template over some of its nodes. */
export type TaskAction = PoolAction | { run: { nodes?: string[] } };

/** Exactly one of the two; in a shrink, or its `nodes`. */
export interface Amount {
  by?: number;
  to?: number;
}

/** Which nodes go first: those that joined last, first, or those that a schedule made (the newest of them first), then the newest. */
export const CHOICES = ['newest', 'oldest', 'scheduled'] as const;
export type Choice = (typeof CHOICES)[number];

/** What becomes of machines whose node did not become ok: given back, or kept and listed. */
export const ON_FAILURE = ['release', 'keep'] as const;
export type OnFailure = (typeof ON_FAILURE)[number];

export interface Limits {
  /** Nodes that a shrink leaves at least, and an expansion comes to at most. */
  min?: number;
  max?: number;
  /** Nodes, or a share of them, that no rollout over the pool takes at once. */
  minAvailable?: CountOrShare;
}

/** When the pool grows by N, `pool` first grows by ceil(N × ratio) + extra, before the step of that name. */
export interface Dependency {
  pool: string;
  ratio: number;
  extra: number;
  before: string;
}

export function growthOf({ ratio, extra }: Pick<Dependency, 'ratio' | 'extra'>, by: number): number {
  // 0.1 × 30 is 3, not the 3.0000000000000004 that floating point makes of it.
  return Math.ceil(Number((ratio * by).toPrecision(12))) + extra;
}

/** Durations in ms. */
export interface AutoscaleSpec {
  metric: Metric;
  /** Of the metric, for each node: what it should be. */
  target: number;
  min: number;
  max: number;
  /** Nodes at once, at most. */
  step: { up: number; down: number };
  /** After an action in the direction, none in that direction for so long. */
  cooldown: { up: number; down: number };
  /** `average` (default): the metric is per node. `total`: it is the sum over all. */
  of: 'average' | 'total';
  /** No action while the metric is within this share of the target. */
  tolerance: number;
  /** Between two readings. */
  every: number;
}

/** Where nothing is said. */
export const AUTOSCALE = {
  step: { up: 4, down: 1 },
  cooldown: { up: 60_000, down: 600_000 },
  of: 'average',
  tolerance: 0.1,
  every: 30_000,
} as const;

/** Values of `headers` may be `secret:NAME` or have `{{secret:NAME}}` in them; secrets are read where the metric is. */
export type Metric =
  | { prometheus: { url: string; query: string; headers?: Record<string, string> } }
  /** `path`: to a number in the reply, as `data.load[0]`. */
  | { json: { url: string; path: string; headers?: Record<string, string> } };
