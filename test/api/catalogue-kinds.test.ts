import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asking, seedCatalogue } from './asking.ts';
import { serveApi, type Served } from './served.ts';

let api: Served;
const ask = asking(() => api);
beforeAll(async () => {
  api = await serveApi();
  await seedCatalogue(ask);
});
afterAll(() => api.close());

const names = (items: { name: string }[]) => items.map(({ name }) => name);

describe('references of the catalogue', () => {
  it('are to things that are there', async () => {
    const refused = [
      ['services', { name: 'x', cluster: 'nope' }, 'cluster'],
      ['pools', { name: 'x', service: 'nope' }, 'service'],
      ['pools', { name: 'x', service: 'shop-web', templates: { deploy: 'nope' } }, 'templates.deploy'],
      ['steps', { name: 'x', actions: ['start', 'nope'] }, 'actions[1]'],
      ['templates', { name: 'x', steps: [{ use: 'nope' }] }, 'steps[0].use'],
    ] as const;
    for (const [plural, document, path] of refused) {
      const { status, json } = await ask('POST', `/api/v1/${plural}`, document);
      expect([plural, status, json.error.code, json.error.path]).toEqual([plural, 400, 'invalid', path]);
      expect(json.error.message).toContain('named nope');
    }
  });

  it('keep what they lead to', async () => {
    const used = {
      'clusters/shop': 'service shop-web',
      'services/shop-web': 'pool web',
      'actions/start': 'step start-service',
    };
    const more = { 'steps/start-service': 'template roll', 'templates/roll': 'pool web', 'pools/web': 'node web-1' };
    for (const [thing, user] of Object.entries({ ...used, ...more })) {
      const { status, json } = await ask('DELETE', `/api/v1/${thing}`, undefined, { 'if-match': '*' });
      expect([thing, status, json.error.code]).toEqual([thing, 409, 'in_use']);
      expect(json.error.message).toContain(user);
    }
  });

  it('are what lists can be narrowed to', async () => {
    await ask('POST', '/api/v1/clusters', { name: 'other' });
    await ask('POST', '/api/v1/services', { name: 'other-web', cluster: 'other' });
    await ask('POST', '/api/v1/pools', { name: 'other-pool', service: 'other-web' });
    await ask('POST', '/api/v1/templates', { name: 'plain', steps: [{ name: 'x', actions: [{ shell: 'x' }] }] });
    expect(names((await ask('GET', '/api/v1/services?cluster=other')).json.items)).toEqual(['other-web']);
    expect(names((await ask('GET', '/api/v1/pools?service=shop-web')).json.items)).toEqual(['web']);
    expect(names((await ask('GET', '/api/v1/templates?step=start-service')).json.items)).toEqual(['roll']);
    expect((await ask('GET', '/api/v1/services?cluster=nope')).json.error.path).toBe('cluster');
    expect((await ask('GET', '/api/v1/pools?service=nope')).json.error.path).toBe('service');
    expect((await ask('GET', '/api/v1/templates?step=nope')).json.items).toEqual([]);
  });
});

describe('an ETag', () => {
  it('saves reading again what has not changed', async () => {
    const { etag } = await ask('GET', '/api/v1/templates/roll');
    for (const known of [etag, `W/${etag}`, `"7", ${etag}`, '*']) {
      const same = await ask('GET', '/api/v1/templates/roll', undefined, { 'if-none-match': known });
      expect([same.status, same.etag, same.json]).toEqual([304, etag, {}]);
    }
    expect((await ask('GET', '/api/v1/templates/roll', undefined, { 'if-none-match': '"7"' })).status).toBe(200);
  });
});

describe('an action', () => {
  it('is edited as a whole: with its parameters and its implementation', async () => {
    await ask('POST', '/api/v1/actions', { name: 'whole', params: { a: {} }, shell: 'echo {{a}}' });
    const put = (body: object) => ask('PUT', '/api/v1/actions/whole', body, { 'if-match': '*' });
    expect((await put({ script: { content: '#!/bin/sh\nexit 0\n', args: ['x'] } })).status).toBe(200);
    const script = await ask('GET', '/api/v1/actions/whole');
    expect(script.json).toMatchObject({ script: { content: '#!/bin/sh\nexit 0\n', args: ['x'] } });
    expect(script.json['shell']).toBeUndefined();
    expect(script.json['params']).toBeUndefined();
    expect((await put({})).json['script']).toBeUndefined();
    expect((await put({ shell: 'x', wait: '1s' })).status).toBe(400);
  });
});

describe('a body', () => {
  it('that is nested without end is refused', async () => {
    const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
    const body = (depth: number) => ({ name: `deep-${depth}`, implementation: { a: nested(depth) } });
    expect((await ask('POST', '/api/v1/actions', body(100))).status).toBe(201);
    for (const [place, deep] of [
      ['actions', body(3000)],
      ['apply', { documents: [nested(3000)] }],
      ['tasks', { template: nested(3000), nodes: ['a'] }],
      ['dry-run', nested(3000)],
      ['import/opendcp', { clusters: nested(3000) }],
    ] as const) {
      const { status, json } = await ask('POST', `/api/v1/${place}`, deep);
      expect([place, status, json.error.code]).toEqual([place, 400, 'invalid']);
    }
  });
});

describe("a template's versions", () => {
  it('are kept, with who made them', async () => {
    const steps = (run: string) => ({ steps: [{ name: 'x', actions: [{ shell: run }] }] });
    await ask('POST', '/api/v1/templates', { name: 'kept', ...steps('one') }, { authorization: 'lin' });
    await ask('PUT', '/api/v1/templates/kept', steps('two'), { 'if-match': '"1"', authorization: 'wang' });
    const { json } = await ask('GET', '/api/v1/templates/kept/versions');
    expect(json.items).toMatchObject([
      { version: 2, by: 'wang' },
      { version: 1, by: 'lin' },
    ]);
    expect((await ask('GET', '/api/v1/templates/kept/versions/1')).json).toMatchObject({
      ...{ name: 'kept', version: 1, by: 'lin' },
      ...steps('one'),
    });
    for (const version of ['3', '0', 'x', '99999999999'])
      expect([404, 400]).toContain((await ask('GET', `/api/v1/templates/kept/versions/${version}`)).status);
    expect((await ask('GET', '/api/v1/templates/nope/versions')).status).toBe(404);
  });

  it('are listed short, and read whole with durations as people write them', async () => {
    const [listed] = (await ask('GET', '/api/v1/templates?search=roll')).json.items;
    expect(listed).toMatchObject({ name: 'roll', paramNames: ['tag'], stepNames: ['start-service', 'tell'] });
    expect((await ask('GET', '/api/v1/templates/roll')).json).toMatchObject({
      params: { tag: { default: '1' } },
      steps: [
        { use: 'start-service', timeout: '5m' },
        { name: 'tell', actions: [{ shell: 'echo done' }] },
      ],
    });
  });
});

describe('a pool', () => {
  it('has the shape that others rely on', async () => {
    const { status, json, etag } = await ask('GET', '/api/v1/pools/web');
    expect([status, etag]).toEqual([200, `"${String(json['version'])}"`]);
    expect(json).toMatchObject({
      ...{ name: 'web', service: 'shop-web', provider: null, count: 2, queue: [], unreleased: [] },
      ...{ templates: { deploy: 'roll' }, ssh: { user: 'deploy' }, id: expect.any(Number) as unknown },
      nodes: [
        {
          ...{ name: 'web-1', address: '192.0.2.1', providerId: null, status: 'new', drained: false },
          joinedAt: expect.any(String) as unknown,
        },
        { name: 'web-2', port: 2222 },
      ],
    });
    const [listed] = (await ask('GET', '/api/v1/pools')).json.items.filter(({ name }) => name === 'web');
    expect(listed).toMatchObject({ count: 2, service: 'shop-web', templates: { deploy: 'roll' } });
    expect(listed).not.toHaveProperty('nodes');
  });

  it('takes nodes as a file has them, and gives them up by name', async () => {
    await ask('POST', '/api/v1/pools', { name: 'nodes', service: 'shop-web' });
    const place = '/api/v1/pools/nodes/nodes';
    const added = await ask('POST', place, {
      defaults: { user: 'deploy' },
      nodes: ['n-1', { name: 'n-2', address: '192.0.2.9' }],
    });
    expect(added).toMatchObject({
      status: 201,
      json: { count: 2, nodes: [{ name: 'n-1', user: 'deploy' }, { name: 'n-2' }] },
    });
    expect((await ask('POST', place, ['n-3'])).json).toMatchObject({ count: 3 });
    expect(await ask('POST', place, ['n-4', 'n-3'])).toMatchObject({
      status: 409,
      json: { error: { code: 'name_in_use' } },
    });
    expect((await ask('POST', place, [{ address: 'a b' }])).status).toBe(400);
    const page = (await ask('GET', `${place}?page=2&page_size=2`)).json;
    expect(page).toMatchObject({ page: 2, page_size: 2, total: 3, items: [{ name: 'n-3', status: 'new' }] });
    expect((await ask('GET', `${place}?name=N-2`)).json.items).toMatchObject([{ name: 'n-2' }]);

    const astray = await ask('DELETE', place, { names: ['n-1', 'x', 'y'] });
    expect(astray).toMatchObject({
      status: 400,
      json: { error: { problems: [{ path: 'names[1]' }, { path: 'names[2]' }] } },
    });
    expect((await ask('DELETE', place, { names: ['n-3', 'n-1', 'n-3'] })).json).toEqual({
      removed: ['n-3', 'n-1'],
      count: 1,
    });
    expect((await ask('GET', '/api/v1/pools/nodes')).json).toMatchObject({ count: 1, nodes: [{ name: 'n-2' }] });
    for (const [method, body] of [
      ['GET', undefined],
      ['POST', ['x']],
      ['DELETE', { names: ['x'] }],
    ] as const)
      expect((await ask(method, '/api/v1/pools/nope/nodes', body)).status).toBe(404);
  });

  it('shows another ETag once its nodes are others, so that an edit does not bring old ones back', async () => {
    const { etag, json } = await ask('GET', '/api/v1/pools/web');
    await ask('POST', '/api/v1/pools/web/nodes', ['late']);
    expect((await ask('PUT', '/api/v1/pools/web', json, { 'if-match': etag })).status).toBe(412);
    await ask('DELETE', '/api/v1/pools/web/nodes', { names: ['late'] });
  });

  it('keeps its nodes when a document says nothing of them', async () => {
    const put = await ask('PUT', '/api/v1/pools/web', { service: 'shop-web', desc: 'new' }, { 'if-match': '*' });
    expect(put.json).toMatchObject({ desc: 'new', count: 2 });
  });
});
