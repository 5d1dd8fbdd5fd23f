import { describe, expect, it } from 'vitest';
import { decide } from '../../model/autoscale/decide.ts';
import { begun, ended, observed } from '../../model/autoscale/observe.ts';
import { begin, type AutoscaleState, type Decision, type Reading, type Scaling } from '../../model/autoscale/state.ts';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 21, 8);

const SCALING: Scaling = {
  ...{ target: 100, min: 2, max: 20, step: { up: 4, down: 1 }, cooldown: { up: MINUTE, down: 10 * MINUTE } },
  ...{ of: 'average', tolerance: 0.1, every: 30_000 },
};

const read = (value: number | null, nodes: number, more: Partial<Reading> = {}): Reading => ({
  ...{ value, missing: value === null ? 'connection refused' : '', age: 0, nodes, drained: 0, busy: null, ...more },
});

/** A pool that an autoscaler has known for some time, at rest; `was`: how many nodes were wanted all the while. */
const calm = (was: number, more: Partial<AutoscaleState> = {}): AutoscaleState => ({
  ...begin(),
  wants: [{ at: NOW - 5 * MINUTE, nodes: was }],
  ...more,
});

function after(reading: Reading, { state = calm(0), scaling = SCALING, now = NOW } = {}): Decision {
  return decide(scaling, observed(state, scaling, reading, now), reading, now);
}

const saying = (text: string): unknown => expect.stringContaining(text);
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

const total: Scaling = { ...SCALING, of: 'total' };
const grew = (minutes: number) => ({ at: NOW - minutes * MINUTE, by: 1, task: 'web-auto-1', ok: true, reason: '' });

describe('with a metric that is an average over the nodes', () => {
  it('grows to ceil(nodes × value / target)', () => {
    expect(after(read(130, 4))).toEqual({
      ...{ do: 'expand', by: 2, wanted: 6 },
      why: '130 a node on 4 of them, target 100: takes 6 nodes, there are 4: expands by 2',
    });
  });

  it('shrinks to it, a step at a time', () => {
    expect(after(read(40, 10))).toEqual({
      ...{ do: 'shrink', by: 1, wanted: 4 },
      why: '40 a node on 10 of them, target 100: takes 4 nodes, there are 10: shrinks by 1, for now',
    });
  });

  it('is not fooled by what floating point makes of a whole number', () => {
    const scaling = { ...SCALING, target: 1.1, tolerance: 0 };
    expect(after(read(1.1, 3), { scaling })).toMatchObject({ do: 'none', wanted: 3 });
  });

  it('counts only nodes that are in rotation, and what is drained on top of them', () => {
    // Three serve 130 each: four must; with the drained one that makes five.
    expect(after(read(130, 4, { drained: 1 }))).toMatchObject({ do: 'expand', by: 1, wanted: 5 });
  });

  it('tells nothing where no node is in rotation', () => {
    expect(after(read(130, 4, { drained: 4 }))).toMatchObject({
      do: 'none',
      wanted: null,
      why: 'holds at 4 nodes: no node is in rotation, so there is no average',
    });
  });
});

describe('with a metric that is a sum over the nodes', () => {
  it('goes to ceil(value / target), however many there are', () => {
    expect(after(read(530, 4), { scaling: total })).toMatchObject({ do: 'expand', by: 2, wanted: 6 });
    expect(after(read(530, 9), { scaling: total })).toMatchObject({ do: 'shrink', by: 1, wanted: 6 });
  });

  it('grows from no nodes at all, and shrinks to none', () => {
    const scaling = { ...total, min: 0 };
    expect(after(read(250, 0), { scaling })).toMatchObject({ do: 'expand', by: 3, wanted: 3 });
    expect(after(read(0, 1), { scaling })).toMatchObject({ do: 'shrink', by: 1, wanted: 0 });
    expect(after(read(0, 0), { scaling })).toMatchObject({ do: 'none', wanted: 0 });
  });
});

describe('within the tolerance', () => {
  it.each([90, 95, 100, 105, 110])('an average of %d is as it should be', (value) => {
    expect(after(read(value, 10))).toMatchObject({ do: 'none', wanted: 10 });
  });

  it.each([
    [89, 'shrink'],
    [111, 'expand'],
  ])('ends at %d', (value, what) => {
    expect(after(read(value, 20), { scaling: { ...SCALING, max: 40 } })).toMatchObject({ do: what });
  });

  it('holds for a sum, too', () => {
    expect(after(read(1090, 10), { scaling: total })).toMatchObject({ do: 'none', wanted: 10 });
    expect(after(read(1110, 10), { scaling: total })).toMatchObject({ do: 'expand', wanted: 12 });
  });
});

describe('limits', () => {
  it('of a step hold at each action', () => {
    expect(after(read(300, 4))).toMatchObject({ do: 'expand', by: 4, wanted: 12 });
    expect(after(read(10, 20), { scaling: { ...SCALING, step: { up: 4, down: 3 } } })).toMatchObject({ by: 3 });
  });

  it('max is never passed', () => {
    expect(after(read(300, 18))).toMatchObject({ do: 'expand', by: 2, wanted: 54 });
    expect(after(read(300, 20))).toMatchObject({ do: 'none', why: saying('takes 60 nodes, max 20') });
  });

  it('min is never undercut', () => {
    expect(after(read(0, 3))).toMatchObject({ do: 'shrink', by: 1, wanted: 0 });
    expect(after(read(0, 2))).toMatchObject({ do: 'none', why: saying('takes 0 nodes, min 2') });
  });

  it('fewer nodes than min are made up for, whatever the metric says', () => {
    for (const value of [null, 0, Number.NaN, 100])
      expect(after(read(value, 1))).toMatchObject({
        do: 'expand',
        by: 1,
        why: saying('fewer than min 2'),
      });
    expect(after(read(null, 0))).toMatchObject({ do: 'expand', by: 2 });
  });

  it('more nodes than max are given up, but only by a metric that is there', () => {
    expect(after(read(100, 22))).toMatchObject({ do: 'shrink', by: 1 });
    expect(after(read(null, 22))).toMatchObject({ do: 'none' });
  });
});

describe('a metric that is of no use', () => {
  it.each([
    ['missing', read(null, 7), 'connection refused'],
    ['NaN', read(Number.NaN, 7), 'the metric is NaN, which is no load'],
    ['infinite', read(Number.POSITIVE_INFINITY, 7), 'the metric is Infinity, which is no load'],
    ['negative', read(-1, 7), 'the metric is -1, which is no load'],
    ['stale', read(1, 7, { age: 3 * MINUTE }), 'the metric is 3m old'],
  ])('holds: %s', (_, reading, why) => {
    expect(after(reading)).toEqual({ do: 'none', by: 0, wanted: null, why: `holds at 7 nodes: ${why}` });
  });

  it('is stale after three readings, when they are far apart', () => {
    const scaling = { ...SCALING, every: 10 * MINUTE };
    expect(after(read(10, 7, { age: 20 * MINUTE }), { scaling })).toMatchObject({ do: 'shrink' });
    expect(after(read(10, 7, { age: 31 * MINUTE }), { scaling })).toMatchObject({ do: 'none' });
  });
});

describe('while', () => {
  it('it is paused nothing is done, and what would be is said', () => {
    expect(after(read(130, 4), { state: calm(4, { paused: true }) })).toMatchObject({
      ...{
        do: 'none',
        by: 0,
        wanted: 6,
        why: matching(/^paused; otherwise: 130 a node .* expands by 2$/),
      },
    });
  });

  it('a task of the pool runs or waits nothing is done', () => {
    for (const value of [null, 1, 500])
      expect(after(read(value, 4, { busy: 'web-9' }))).toMatchObject({
        ...{ do: 'none', by: 0, why: 'waits for task web-9, which has the pool' },
      });
  });
});

describe('after the pool grew', () => {
  it('it grows again when the cool-down is over, and not before', () => {
    const state = (minutes: number) => calm(4, { last: { up: grew(minutes), down: null } });
    expect(after(read(130, 4), { state: state(0.5) })).toMatchObject({
      do: 'none',
      why: saying('cools down for another 30s after task web-auto-1'),
    });
    expect(after(read(130, 4), { state: state(1) })).toMatchObject({ do: 'expand' });
  });

  it('it does not shrink before that cool-down is over', () => {
    const state = (minutes: number) => calm(0, { last: { up: grew(minutes), down: null } });
    expect(after(read(10, 9), { state: state(9) })).toMatchObject({ do: 'none' });
    expect(after(read(10, 9), { state: state(10) })).toMatchObject({ do: 'shrink' });
  });
});

describe('after the pool shrank', () => {
  it('it shrinks again when the cool-down is over', () => {
    const state = (minutes: number) => calm(0, { last: { up: null, down: grew(minutes) } });
    expect(after(read(10, 9), { state: state(9) })).toMatchObject({ do: 'none' });
    expect(after(read(10, 9), { state: state(10) })).toMatchObject({ do: 'shrink' });
  });

  it('it grows after the shorter one', () => {
    const state = (minutes: number) => calm(0, { last: { up: null, down: grew(minutes) } });
    expect(after(read(300, 9), { state: state(0.9) })).toMatchObject({ do: 'none' });
    expect(after(read(300, 9), { state: state(1) })).toMatchObject({ do: 'expand' });
  });
});

describe('it gives up nodes only', () => {
  it('when they were too many all through the cool-down', () => {
    const state = calm(8);
    expect(after(read(40, 8), { state })).toMatchObject({
      ...{ do: 'none', why: saying('8 were wanted within the last 10m') },
    });
    expect(after(read(40, 8), { state, now: NOW + 6 * MINUTE })).toMatchObject({ do: 'shrink', wanted: 4 });
  });

  it('as far as was enough all through it', () => {
    const scaling = { ...SCALING, step: { up: 4, down: 9 } };
    expect(after(read(20, 10), { scaling, state: calm(7) })).toMatchObject({ do: 'shrink', by: 3, wanted: 2 });
  });

  it('after a whole cool-down from its beginning', () => {
    const reading = read(10, 10);
    let state = begin();
    for (let minute = 0; minute <= 10; minute++) {
      state = observed(state, SCALING, reading, NOW + minute * MINUTE);
      expect(decide(SCALING, state, reading, NOW + minute * MINUTE).do).toBe('none');
    }
    state = observed(state, SCALING, reading, NOW + 11 * MINUTE);
    expect(decide(SCALING, state, reading, NOW + 11 * MINUTE)).toMatchObject({ do: 'shrink', by: 1 });
  });

  it.each([
    ['the metric was missing', read(null, 10)],
    ['a task had the pool', read(10, 10, { busy: 'web-9' })],
  ])('after a whole cool-down since %s', (_, disturbed) => {
    const state = observed(calm(1), SCALING, disturbed, NOW);
    expect(after(read(10, 10), { state, now: NOW + 10 * MINUTE })).toMatchObject({ do: 'none' });
    expect(after(read(10, 10), { state, now: NOW + 11 * MINUTE })).toMatchObject({ do: 'shrink' });
  });

  it('and remembers no more than one entry for each number of nodes', () => {
    let state = begin();
    const scaling = { ...SCALING, cooldown: { up: 0, down: 1000 * MINUTE } };
    for (let i = 0; i < 5000; i++) {
      const value = 100 + 90 * Math.sin(i / 7) + (i % 13);
      state = observed(state, scaling, read(value, 10), NOW + i * 1000);
      expect(state.wants.length).toBeLessThanOrEqual(20);
    }
  });
});

describe('what somebody else does with the pool', () => {
  it('counts as growth: it is not undone at once', () => {
    const before = observed(calm(3), SCALING, read(90, 3), NOW);
    const grown = observed(before, SCALING, read(20, 8), NOW + MINUTE);
    expect(grown.last.up).toEqual({ at: NOW + MINUTE, by: 5, task: null, ok: true, reason: '' });
    const later = read(20, 8);
    expect(after(later, { state: grown, now: NOW + 10 * MINUTE })).toMatchObject({
      ...{ do: 'none', why: saying('after the pool grew otherwise') },
    });
    expect(after(later, { state: grown, now: NOW + 11 * MINUTE })).toMatchObject({ do: 'shrink' });
  });

  it('counts as a shrink', () => {
    const before = observed(calm(8), SCALING, read(90, 8), NOW);
    expect(observed(before, SCALING, read(90, 6), NOW + MINUTE).last.down).toMatchObject({ by: 2, task: null });
  });

  it('is told from what the autoscaler did itself', () => {
    const before = observed(calm(3), SCALING, read(130, 3), NOW);
    const own = begun(before, { task: 'web-auto-2', direction: 'up', by: 1 });
    const over = ended(own, { at: NOW + MINUTE, ok: true, reason: '' });
    expect(observed(over, SCALING, read(98, 4), NOW + MINUTE).last.up).toEqual({
      ...{ at: NOW + MINUTE, by: 1, task: 'web-auto-2', ok: true, reason: '' },
    });
    expect(over.actions).toEqual({ up: 1, down: 0 });
  });
});

describe('actions that go wrong', () => {
  const failing = (failures: number) =>
    calm(0, {
      last: { up: { ...grew(0), ok: false, reason: 'no spare is left' }, down: null },
      failures: { up: failures, down: 0 },
    });
  const readyAfter = (state: AutoscaleState, minutes: number) =>
    after(read(130, 4), { state, now: NOW + minutes * MINUTE }).do === 'expand';

  it.each([
    [1, 1],
    [2, 2],
    [3, 4],
    [6, 32],
    [7, 60],
    [50, 60],
  ])('%d times in a row are repeated after %d minutes', (failures, minutes) => {
    expect(readyAfter(failing(failures), minutes - 0.01)).toBe(false);
    expect(readyAfter(failing(failures), minutes)).toBe(true);
  });

  it('are counted in their direction, until one goes well', () => {
    const fail = (state: AutoscaleState, direction: 'up' | 'down', ok: boolean) =>
      ended(begun(state, { task: 'x', direction, by: 1 }), { at: NOW, ok, reason: '' });
    const twice = fail(fail(begin(), 'up', false), 'up', false);
    expect(twice.failures).toEqual({ up: 2, down: 0 });
    expect(fail(twice, 'down', true).failures).toEqual({ up: 2, down: 0 });
    expect(fail(twice, 'up', true).failures).toEqual({ up: 0, down: 0 });
  });

  it('are named as what it cools down after', () => {
    expect(after(read(130, 4), { state: failing(2) }).why).toContain('for another 2m after task web-auto-1 failed');
  });
});
