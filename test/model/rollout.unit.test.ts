import { describe, expect, it } from 'vitest';
import {
  batchSize,
  DEFAULT_ROLLOUT,
  isBudgetSpent,
  mergeRollout,
  nextBatchSize,
  planBatches,
  type RolloutSpec,
} from '../../model/rollout.ts';

const rollout = (spec: RolloutSpec = {}) => mergeRollout(DEFAULT_ROLLOUT, spec);

describe('the size of a batch', () => {
  it.each([
    [3, 10, 3],
    [30, 10, 10],
    ['20%', 10, 2],
    ['20%', 14, 2],
    ['20%', 3, 1],
    ['100%', 7, 7],
    [['20%', 5], 100, 5],
    [['20%', 5], 10, 2],
  ] as const)('%j of %d nodes is %d', (batch, total, size) => {
    expect(batchSize(rollout({ batch: typeof batch === 'object' ? [...batch] : batch }), total)).toBe(size);
  });

  it('is exact where floating point is not', () => {
    expect(batchSize(rollout({ batch: '8.2%' }), 1500)).toBe(123);
    for (let tenths = 1; tenths <= 1000; tenths++) {
      expect(batchSize(rollout({ batch: `${tenths / 10}%` }), 1000)).toBe(tenths);
    }
  });

  it('is a part of it for each lane, one node at least', () => {
    expect(nextBatchSize(rollout({ batch: 10, lanes: 3 }), 100, 0)).toBe(3);
    expect(nextBatchSize(rollout({ batch: 2, lanes: 3 }), 100, 0)).toBe(1);
  });

  it('is the canary for the first one only', () => {
    expect(planBatches(rollout({ batch: 4, canary: 1 }), 10)).toEqual([1, 4, 4, 1]);
    expect(planBatches(rollout({ batch: 4, canary: 5 }), 3)).toEqual([3]);
  });
});

it('the batches planned take every node once', () => {
  expect(planBatches(rollout(), 10)).toEqual([2, 2, 2, 2, 2]);
  expect(planBatches(rollout(), 0)).toEqual([]);
  expect(planBatches(rollout({ batch: '30%', lanes: 2 }), 10)).toEqual(Array.from({ length: 10 }, () => 1));
});

describe('the failure budget', () => {
  it.each([
    [0, 0, 10, false],
    [0, 1, 10, true],
    [2, 2, 10, false],
    [2, 3, 10, true],
    ['5%', 5, 100, false],
    ['5%', 6, 100, true],
    ['5%', 1, 10, true],
    ['8.2%', 123, 1500, false],
    ['8.2%', 124, 1500, true],
    ['100%', 10, 10, false],
  ] as const)('of %j with %d failures of %d nodes is spent: %j', (maxFailures, failed, total, spent) => {
    expect(isBudgetSpent({ maxFailures }, failed, total)).toBe(spent);
  });
});

describe('rollouts', () => {
  it('are merged key by key, the later one wins', () => {
    expect(mergeRollout(DEFAULT_ROLLOUT, { batch: 3, lanes: 2 }, undefined, { batch: [5, '10%'] })).toEqual({
      ...DEFAULT_ROLLOUT,
      batch: [5, '10%'],
      lanes: 2,
    });
  });

  it('keep what a caller leaves undefined, and are left as they were', () => {
    const before = structuredClone(DEFAULT_ROLLOUT);
    const spec = { order: undefined, batch: undefined } as unknown as RolloutSpec;
    expect(mergeRollout(DEFAULT_ROLLOUT, spec)).toEqual(before);
    expect(DEFAULT_ROLLOUT).toEqual(before);
  });
});
