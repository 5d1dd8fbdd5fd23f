import { describe, expect, it } from 'vitest';
import { parseAutoscale } from '../../model/parse/autoscale.ts';
import { Invalid, type Problem } from '../../model/parse/problem.ts';

const metric = { prometheus: { url: 'http://prometheus:9090', query: 'avg(rps)' } };
const least = { metric, target: 100, min: 2, max: 20 };

function problems(value: unknown): Pick<Problem, 'path' | 'message'>[] {
  try {
    parseAutoscale(value);
  } catch (error) {
    if (error instanceof Invalid) return error.problems.map(({ path, message }) => ({ path, message }));
    throw error;
  }
  return [];
}

describe('a pool’s autoscale', () => {
  it('has defaults for all but the metric, the target and the limits', () => {
    expect(parseAutoscale(least)).toEqual({
      ...least,
      step: { up: 4, down: 1 },
      cooldown: { up: 60_000, down: 600_000 },
      of: 'average',
      tolerance: 0.1,
      every: 30_000,
    });
  });

  it('takes durations as text, parts of steps and cool-downs, and its own output', () => {
    const spec = parseAutoscale({ ...least, every: '10s', step: { up: 2 }, cooldown: { down: '1h' }, of: 'total' });
    expect(spec).toMatchObject({ every: 10_000, step: { up: 2, down: 1 }, cooldown: { up: 60_000, down: 3_600_000 } });
    expect(parseAutoscale(spec)).toEqual(spec);
  });

  it('reads any JSON in place of Prometheus', () => {
    const json = { url: 'https://lb.example/stats', path: 'data.load[0]', headers: { Authorization: 'secret:LB' } };
    expect(parseAutoscale({ ...least, metric: { json } }).metric).toEqual({ json });
  });

  it.each([
    ['nothing', {}, ['metric', 'target', 'min', 'max']],
    ['two metrics', { ...least, metric: { ...metric, json: { url: 'http://a', path: 'b' } } }, ['metric']],
    ['no metric', { ...least, metric: {} }, ['metric']],
    ['a target of 0', { ...least, target: 0 }, ['target']],
    ['a target that is no number', { ...least, target: Number.NaN }, ['target']],
    ['more nodes at least than at most', { ...least, min: 21 }, ['min']],
    ['a fraction of a node', { ...least, max: 2.5 }, ['max']],
    ['steps of nothing', { ...least, step: { up: 0, down: -1 } }, ['step.up', 'step.down']],
    ['a tolerance of more than all', { ...least, tolerance: 1.5 }, ['tolerance']],
    ['readings without a pause', { ...least, every: 0 }, ['every']],
    ['keys that are not known', { ...least, cooldwn: {} }, ['cooldwn']],
    ['an address that is none', { ...least, metric: { json: { url: 'lb', path: 'a' } } }, ['metric.json.url']],
    [
      'a password in an address',
      { ...least, metric: { json: { url: 'http://a:b@c', path: 'a' } } },
      ['metric.json.url'],
    ],
    ['a path that is none', { ...least, metric: { json: { url: 'http://c', path: 'a..b' } } }, ['metric.json.path']],
  ])('refuses %s', (_, value, paths) => {
    expect(problems(value).map(({ path }) => path)).toEqual(paths);
  });

  it('refuses an average over a pool that may have no nodes: it could not grow again', () => {
    expect(problems({ ...least, min: 0 })).toEqual([
      { path: 'min', message: 'is 0: a pool without nodes has no average to grow by again' },
    ]);
    expect(problems({ ...least, min: 0, of: 'total' })).toEqual([]);
  });

  it('refuses a token in plain text', () => {
    const withHeaders = (headers: object) => ({ ...least, metric: { prometheus: { ...metric.prometheus, headers } } });
    expect(problems(withHeaders({ Authorization: 'Bearer abc' }))).toEqual([
      { path: 'metric.prometheus.headers.Authorization', message: 'is a secret in plain text' },
    ]);
    expect(problems(withHeaders({ Authorization: 'Bearer {{secret:TOKEN}}', 'X-Scope-OrgID': 'shop' }))).toEqual([]);
  });
});
