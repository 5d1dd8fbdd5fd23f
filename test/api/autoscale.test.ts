import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TemporalUnreachable } from '../../client/errors.ts';
import type { AutoscaleView } from '../../model/autoscale/view.ts';
import { asking, seedCatalogue } from './asking.ts';
import { serveApi, type Served } from './served.ts';

let api: Served;
const ask = asking(() => api);

const metric = { prometheus: { url: 'http://prometheus:9090', query: 'avg(rps)' } };
const settings = { metric, target: 100, min: 2, max: 20 };
const PATH = '/api/v1/pools/web/autoscale';

const state: AutoscaleView = {
  paused: false,
  reading: { at: '2026-11-21T08:00:00.000Z', value: 130, missing: '', nodes: 4, drained: 0 },
  decision: { do: 'expand', by: 2, wanted: 6, why: '130 a node' },
  underWay: 'web-auto-1',
  last: { up: null, down: null },
  actions: { up: 1, down: 0 },
  nextReadingAt: null,
};

beforeAll(async () => {
  api = await serveApi();
  await seedCatalogue(ask);
  const { json } = await ask('GET', '/api/v1/pools/web');
  const provider = { ssh: { spares: [{ name: 's1', address: '192.0.2.51' }] } };
  const put = await ask('PUT', '/api/v1/pools/web', { ...json, provider, limits: { max: 30 } }, { 'if-match': '*' });
  expect(put.status).toBe(200);
});
afterAll(() => api.close());
beforeEach(() => {
  api.temporal.told.length = 0;
  api.temporal.broken = undefined;
});

describe('the settings', () => {
  it('are not there before they are made', async () => {
    expect((await ask('GET', PATH)).status).toBe(404);
    expect((await ask('DELETE', PATH)).status).toBe(404);
    expect((await ask('POST', `${PATH}/pause`)).status).toBe(404);
    expect((await ask('PUT', '/api/v1/pools/nowhere/autoscale', settings)).status).toBe(404);
  });

  it('are made, shown with their defaults, and told to what scales the pool', async () => {
    const { status, json } = await ask('PUT', PATH, settings);
    expect(status).toBe(200);
    expect(json).toEqual({
      pool: 'web',
      settings: {
        ...settings,
        ...{ step: { up: 4, down: 1 }, cooldown: { up: '1m', down: '10m' } },
        ...{ of: 'average', tolerance: 0.1, every: '30s' },
      },
      state: null,
      reason: 'it does not run yet: a worker starts it within a minute',
    });
    expect(api.temporal.told).toEqual(['autoscale web: settings changed']);
  });

  it('are a part of the pool, and a change of it in the audit', async () => {
    const { json } = await ask('GET', '/api/v1/pools/web');
    expect(json['autoscale']).toMatchObject({ target: 100, min: 2, max: 20 });
    const { json: audit } = await ask('GET', '/api/v1/audit?limit=1');
    expect(audit.items[0]).toMatchObject({ action: 'pool.update', name: 'web' });
  });

  it('are saved without Temporal, too', async () => {
    api.temporal.broken = new TemporalUnreachable('Temporal does not answer');
    const { status, json } = await ask('PUT', PATH, { ...settings, target: 90 });
    expect([status, json['reason']]).toEqual([200, 'Temporal does not answer']);
    expect(json['settings']).toMatchObject({ target: 90 });
  });

  it.each([
    ['target', { ...settings, target: -1 }],
    ['max', { ...settings, max: 31 }],
    ['step.upp', { ...settings, step: { upp: 1 } }],
    ['metric.json.path', { ...settings, metric: { json: { url: 'http://a', path: '' } } }],
  ])('are refused whole, with the path: %s', async (path, body) => {
    const { status, json } = await ask('PUT', PATH, body);
    expect([status, json.error.code, json.error.path]).toEqual([400, 'invalid', path]);
    expect((await ask('GET', PATH)).json['settings']).toMatchObject({ target: 90 });
  });

  it('may come with the pool’s document: what runs in Temporal follows', async () => {
    const { json, etag } = await ask('GET', '/api/v1/pools/web');
    const { autoscale, ...without } = json;
    const put = async (body: object, ifMatch: string) =>
      await ask('PUT', '/api/v1/pools/web', body, { 'if-match': ifMatch });
    const removed = await put(without, etag);
    expect([removed.status, api.temporal.scaled]).toEqual([200, []]);
    const again = await put({ ...without, autoscale }, removed.etag);
    expect([again.status, api.temporal.scaled]).toEqual([200, ['web']]);
  });

  it('go, and what scales the pool is told', async () => {
    expect((await ask('DELETE', PATH)).status).toBe(204);
    expect(api.temporal.told).toEqual(['autoscale web: settings changed']);
    expect((await ask('GET', PATH)).status).toBe(404);
    expect((await ask('PUT', PATH, settings)).status).toBe(200);
  });
});

describe('the state', () => {
  it('is shown beside the settings', async () => {
    api.temporal.autoscalers.set('web', state);
    expect((await ask('GET', PATH)).json).toMatchObject({ pool: 'web', state, reason: '' });
  });

  it.each(['pause', 'resume'])('%s is told and recorded', async (what) => {
    const { status, json } = await ask('POST', `${PATH}/${what}`);
    expect([status, json['pool']]).toEqual([200, 'web']);
    expect(api.temporal.told).toEqual([`autoscale web: ${what}`]);
    const { json: audit } = await ask('GET', '/api/v1/audit?limit=1');
    expect(audit.items[0]).toMatchObject({ action: `autoscale.${what}`, kind: 'pool', name: 'web' });
  });
});
