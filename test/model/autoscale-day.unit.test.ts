import { describe, expect, it } from 'vitest';
import { decide } from '../../model/autoscale/decide.ts';
import { begun, ended, observed } from '../../model/autoscale/observe.ts';
import { begin, type Decision, type Direction, type Reading, type Scaling } from '../../model/autoscale/state.ts';
import { day, TARGET } from '../support/day.ts';
import { random } from './random.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const SCALING: Scaling = {
  ...{ target: TARGET, min: 2, max: 12, step: { up: 4, down: 1 }, cooldown: { up: MINUTE, down: 10 * MINUTE } },
  ...{ of: 'average', tolerance: 0.1, every: 30 * SECOND },
};

/** Machines that take four minutes to come, and two to go. */
const TAKES = { up: 4 * MINUTE, down: 2 * MINUTE };

interface Happened {
  direction: Direction;
  from: number;
  to: number;
}

interface Moment {
  at: number;
  load: number;
  nodes: number;
  value: number | null;
  decision: Decision;
}

/** A day of readings, actions taking as long as machines do. */
function simulate(scaling: Scaling, seed = 1): { moments: Moment[]; actions: Happened[] } {
  const numbers = random(seed);
  const { load: loadAt, isMissing } = day(() => numbers.below(1_000_000) / 1_000_000);
  const moments: Moment[] = [];
  const actions: Happened[] = [];
  let nodes = 3;
  let state = begin();
  let running: { to: number; direction: Direction; by: number } | undefined;
  for (let at = 0; at < DAY; at += scaling.every) {
    if (running && at >= running.to) {
      nodes += running.direction === 'up' ? running.by : -running.by;
      state = ended(state, { at: running.to, ok: true, reason: '' });
      running = undefined;
    }
    const load = loadAt(at / DAY);
    const value = isMissing(at / DAY) ? null : scaling.of === 'average' ? load / nodes : load;
    const busy = running ? 'web-auto' : null;
    const reading: Reading = { value, missing: 'connection refused', age: 0, nodes, drained: 0, busy };
    state = observed(state, scaling, reading, at);
    const decision = decide(scaling, state, reading, at);
    moments.push({ at, load, nodes, value, decision });
    if (decision.do === 'none') continue;
    const direction = decision.do === 'expand' ? 'up' : 'down';
    state = begun(state, { task: 'web-auto', direction, by: decision.by });
    running = { to: at + TAKES[direction], direction, by: decision.by };
    actions.push({ direction, from: at, to: running.to });
  }
  return { moments, actions };
}

describe.each([
  ['an average', SCALING],
  ['a sum', { ...SCALING, of: 'total' as const }],
])('a day of load, the metric being %s', (what, scaling) => {
  const { moments, actions } = simulate(scaling);
  const turns = actions.filter(({ direction }, i) => i > 0 && actions[i - 1]?.direction !== direction);
  const grown = actions.filter(({ direction }) => direction === 'up').length;

  it('takes few actions', ({ annotate }) => {
    void annotate(
      `${what}: ${moments.length} readings, ${grown} expansions, ${actions.length - grown} shrinks, ${turns.length} turns`,
    );
    expect(actions.length).toBeGreaterThan(10);
    expect(actions.length).toBeLessThan(40);
    // Up in the morning and down in the evening is one turn; up and down again for each of three spikes.
    expect(turns.length).toBeLessThanOrEqual(8);
  });

  it('stays between min and max', () => {
    for (const { nodes } of moments) {
      expect(nodes).toBeGreaterThanOrEqual(scaling.min);
      expect(nodes).toBeLessThanOrEqual(scaling.max);
    }
    expect(Math.max(...moments.map(({ nodes }) => nodes))).toBe(scaling.max);
    expect(Math.min(...moments.map(({ nodes }) => nodes))).toBe(scaling.min);
  });

  it('never turns round within a cool-down', () => {
    actions.forEach(({ direction, from }, i) => {
      const before = actions[i - 1];
      if (before) expect(from - before.to).toBeGreaterThanOrEqual(scaling.cooldown[direction]);
    });
  });

  it('has nodes enough, but for the minutes that machines take to come', () => {
    const most = scaling.max * scaling.target;
    const isShort = ({ load, nodes, value }: Moment) =>
      value !== null && Math.min(load, most) > nodes * scaling.target * 1.15;
    const short = moments.filter(isShort);
    expect(short.length / moments.length).toBeLessThan(0.02);
    expect(longestRun(moments.map(isShort)) * scaling.every).toBeLessThanOrEqual(
      TAKES.up + scaling.cooldown.up + MINUTE,
    );
  });

  it('has not many more than it takes', () => {
    const used = moments.reduce((sum, { nodes }) => sum + nodes, 0);
    const needed = moments.reduce((sum, { load }) => sum + Math.ceil(load / scaling.target), 0);
    expect(used / needed).toBeLessThan(1.15);
  });

  it('holds in the hour without a metric, and for a while after', () => {
    const missing = moments.filter(({ value }) => value === null);
    expect(missing.length).toBe(HOUR / scaling.every);
    expect(missing.every(({ decision }) => decision.do === 'none')).toBe(true);
    const [first, last] = [missing.at(0), missing.at(-1)];
    expect(last?.nodes).toBe(first?.nodes);
    const end = last?.at ?? 0;
    const next = actions.find(({ from, direction }) => from > end && direction === 'down');
    expect((next?.from ?? 0) - end).toBeGreaterThanOrEqual(scaling.cooldown.down);
  });
});

it('without tolerance, cool-downs and looking back it would flap', () => {
  const nervous = { ...SCALING, tolerance: 0, cooldown: { up: 0, down: 0 }, step: { up: 4, down: 4 } };
  const { actions } = simulate(nervous);
  const turns = actions.filter(({ direction }, i) => i > 0 && actions[i - 1]?.direction !== direction);
  expect(turns.length).toBeGreaterThan(50);
});

function longestRun(flags: readonly boolean[]): number {
  let longest = 0;
  let run = 0;
  for (const flag of flags) {
    run = flag ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}
