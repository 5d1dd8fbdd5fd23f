import { describe, expect, it } from 'vitest';
import { autoscaleSettings, type AutoscaleOptions } from '../../cli/input/autoscale.ts';

const limits = { header: [], target: '0.5', min: '2', max: '20' };
const prometheus = { prometheus: 'http://prometheus:9090', query: 'avg(rps)' };
const json = { jsonUrl: 'http://lb/stats', path: 'load' };

describe('the options of `drover autoscale set`', () => {
  it('are a pool’s autoscale; what is not said is left to the server', () => {
    expect(autoscaleSettings({ ...limits, ...prometheus })).toEqual({
      metric: { prometheus: { url: 'http://prometheus:9090', query: 'avg(rps)' } },
      ...{ target: 0.5, min: 2, max: 20, step: {}, cooldown: {} },
    });
  });

  it('may say everything', () => {
    const options = {
      ...{ ...limits, ...json, of: 'total', tolerance: '0.2', every: '10s', stepUp: '3', stepDown: '2' },
      ...{ cooldownUp: '2m', cooldownDown: '1h', header: ['Authorization: Bearer {{secret:LB}}', 'X-Org:shop'] },
    };
    expect(autoscaleSettings(options)).toEqual({
      metric: {
        json: {
          ...{ url: 'http://lb/stats', path: 'load' },
          headers: { Authorization: 'Bearer {{secret:LB}}', 'X-Org': 'shop' },
        },
      },
      ...{ target: 0.5, min: 2, max: 20, step: { up: 3, down: 2 }, cooldown: { up: '2m', down: '1h' } },
      ...{ of: 'total', tolerance: 0.2, every: '10s' },
    });
  });

  it.each<[string, AutoscaleOptions, string]>([
    ['without a metric', limits, 'where is the metric?'],
    ['with half of one', { ...limits, prometheus: 'http://p' }, '--prometheus goes with --query'],
    ['with the other half', { ...limits, jsonUrl: 'http://p' }, '--json-url goes with --path'],
    ['with two', { ...limits, ...prometheus, ...json }, 'not both'],
    ['with a number that is none', { ...limits, ...json, target: 'x' }, '--target x: expected a number'],
    ['with a number that is empty', { ...limits, ...json, min: '' }, '--min : expected a number'],
    ['with a header that is none', { ...limits, ...json, header: ['Bearer abc'] }, '--header Bearer abc: expected'],
  ])('are refused %s', (_, options, message) => {
    expect(() => autoscaleSettings(options)).toThrow(message);
  });
});
