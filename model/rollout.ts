import type { TaskKind } from './task.ts';

/** A count of nodes (3) or a share of all nodes ('20%'). */
export type CountOrShare = number | `${number}%`;

/** What a caller may say of a rollout; see the README for each. Durations in ms. */
export interface RolloutSpec {
  /** Nodes in flight at most. Several: the smaller one counts. A share is rounded down, to one node at least. */
  batch?: CountOrShare | CountOrShare[];
  order?: 'step' | 'node';
  lanes?: number;
  bake?: number;
  canary?: number;
  /** The budget is spent when failures exceed this. */
  maxFailures?: CountOrShare;
  onBudget?: 'pause' | 'stop' | 'continue';
}

export interface Rollout {
  batch: CountOrShare[];
  order: 'step' | 'node';
  lanes: number;
  bake: number;
  canary: number;
  maxFailures: CountOrShare;
  onBudget: 'pause' | 'stop' | 'continue';
}

/** Without a word: a fifth of the nodes at a time, and no failure budget. With a budget, a spent one pauses. */
export const DEFAULT_ROLLOUT: Rollout = {
  batch: ['20%'],
  order: 'step',
  lanes: 1,
  bake: 0,
  canary: 0,
  maxFailures: '100%',
  onBudget: 'pause',
};

/** Nodes that come or go take nothing from those that are at work: without a word all of them at once. */
export function defaultRollout(kind: TaskKind): Rollout {
  return kind === 'run' || kind === 'deploy' ? DEFAULT_ROLLOUT : { ...DEFAULT_ROLLOUT, batch: ['100%'] };
}

/** Later specs win, key by key. */
export function mergeRollout(base: Rollout, ...specs: (RolloutSpec | undefined)[]): Rollout {
  const merged = { ...base };
  for (const spec of specs) {
    if (!spec) continue;
    const { batch, ...others } = spec;
    const given: [string, unknown][] = Object.entries(others);
    Object.assign(merged, Object.fromEntries(given.filter(([, value]) => value !== undefined)));
    if (batch !== undefined) merged.batch = Array.isArray(batch) ? batch : [batch];
  }
  return merged;
}

/** How many nodes may be in flight. */
export function batchSize(rollout: Pick<Rollout, 'batch'>, total: number): number {
  const sizes = rollout.batch.map((size) => Math.floor(amountOf(size, total)));
  return Math.max(1, Math.min(total, ...sizes));
}

/** How many nodes one batch takes: a lane's part of what may be in flight, or the canary, alone, at the beginning. */
export function nextBatchSize(rollout: Rollout, total: number, batchesBefore: number): number {
  if (batchesBefore === 0 && rollout.canary > 0) return Math.min(rollout.canary, total);
  return Math.max(1, Math.floor(batchSize(rollout, total) / rollout.lanes));
}

export function isBudgetSpent(rollout: Pick<Rollout, 'maxFailures'>, failed: number, total: number): boolean {
  return failed > amountOf(rollout.maxFailures, total);
}

/** The sizes of the batches that a run of `total` nodes would have, with nothing failing. */
export function planBatches(rollout: Rollout, total: number): number[] {
  const sizes: number[] = [];
  for (let left = total; left > 0;) {
    const size = Math.min(left, nextBatchSize(rollout, total, sizes.length));
    sizes.push(size);
    left -= size;
  }
  return sizes;
}

/** A count, or a share of the total, not rounded. */
export function amountOf(value: CountOrShare, total: number): number {
  if (typeof value === 'number') return value;
  // 8.2% of 1,500 is 123, not the 122.99999999999999 that floating point makes of it.
  return Number(((Number.parseFloat(value) * total) / 100).toPrecision(12));
}
