import { describe, expect, it } from 'vitest';
import { parseRollout } from '../../model/parse/index.ts';
import { problems } from './parsing.ts';

describe('a rollout', () => {
  it.each([
    [3, 3],
    ['3', 3],
    ['20%', '20%'],
    [' 2.50% ', '2.5%'],
    [
      ['20%', 10],
      ['20%', 10],
    ],
    ['20%,10', ['20%', 10]],
    ['20%, 10', ['20%', 10]],
    [['20%'], ['20%']],
    ['100%', '100%'],
  ])('takes batch %j as %j, and that again', (given, batch) => {
    expect(parseRollout({ batch: given })).toEqual({ batch });
    expect(parseRollout({ batch })).toEqual({ batch });
  });

  it.each([
    0,
    '0',
    '0%',
    -1,
    '-1',
    1.5,
    '1.5',
    '120%',
    '100.1%',
    'all',
    '',
    '20 %',
    true,
    null,
    [],
    [5, 0],
    '20%,',
    {},
  ])('refuses batch %j', (batch) => {
    expect(problems(() => parseRollout({ batch })).join()).toMatch(
      /^batch: .*, expected a count of nodes as 3 or a share as "20%", over 0 and at most 100%, or several of them, the smallest of which counts$/,
    );
  });

  it('takes everything else, durations as text', () => {
    const given = { order: 'node', lanes: 4, bake: '30s', canary: 1, maxFailures: '5%', onBudget: 'stop' };
    expect(parseRollout(given)).toEqual({ ...given, bake: 30_000 });
    expect(parseRollout({ maxFailures: 0, canary: 0 })).toEqual({ maxFailures: 0, canary: 0 });
    expect(parseRollout({})).toEqual({});
  });

  it.each([
    [{ order: 'random' }, 'order: is "random", expected step or node'],
    [{ lanes: 0 }, 'lanes: is 0, expected a whole number from 1 to 1000'],
    [{ bake: 'soon' }, 'bake: is "soon", expected a duration as 500ms, 30s, 5m or 2h'],
    [{ canary: -1 }, 'canary: is -1, expected a count of nodes as 1, or 0 for no canary'],
    [
      { maxFailures: '101%' },
      'maxFailures: is "101%", expected a count of nodes as 3 or a share as "20%", from 0, at most 100%',
    ],
    [{ maxFailures: -1 }, 'maxFailures: is -1, expected a count of nodes'],
    [{ onBudget: 'ask' }, 'onBudget: is "ask", expected pause or stop or continue'],
    [{ maxFailure: 1 }, 'maxFailure: unknown key, expected "maxFailures"'],
    [{ foo: 1 }, 'foo: unknown key, expected one of batch, order, lanes, bake, canary, maxFailures, onBudget'],
    [null, 'is empty (null), expected an object'],
  ])('refuses %j', (given, message) => {
    expect(problems(() => parseRollout(given)).join()).toContain(message);
  });
});
