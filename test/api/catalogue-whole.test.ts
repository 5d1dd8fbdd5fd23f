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

const cluster = (name: string, desc = '') => ({ kind: 'cluster', name, desc });

describe('POST /api/v1/apply', () => {
  it('tells the changes by a dry run, then makes them when they are still the same', async () => {
    const documents = [cluster('shop', 'another word'), cluster('second')];
    const rehearsed = (await ask('POST', '/api/v1/apply', { documents, dryRun: true })).json;
    expect(rehearsed).toMatchObject({
      applied: false,
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      changes: [
        { kind: 'cluster', name: 'shop', change: 'update', fields: expect.any(Array) as unknown },
        { kind: 'cluster', name: 'second', change: 'create', fields: [] },
      ],
    });
    expect((await ask('GET', '/api/v1/clusters/second')).status).toBe(404);
    const again = (await ask('POST', '/api/v1/apply', { documents, dryRun: true })).json;
    expect(again).toEqual(rehearsed);

    const { fingerprint: expected } = rehearsed;
    const applied = await ask('POST', '/api/v1/apply', { documents, expected });
    expect(applied).toMatchObject({ status: 200, json: { ...rehearsed, applied: true } });
    expect((await ask('GET', '/api/v1/clusters/shop')).json).toMatchObject({ desc: 'another word' });
    expect((await ask('POST', '/api/v1/apply', { documents })).json).toMatchObject({ changes: [], applied: true });
  });

  it('does not make other changes than were expected', async () => {
    const documents = [cluster('third', 'mine')];
    const { fingerprint: expected } = (await ask('POST', '/api/v1/apply', { documents, dryRun: true })).json;
    await ask('POST', '/api/v1/clusters', { name: 'third', desc: 'of somebody else' });
    const refused = await ask('POST', '/api/v1/apply', { documents, expected });
    expect(refused).toMatchObject({ status: 409, json: { error: { code: 'changed_meanwhile' } } });
    expect((await ask('GET', '/api/v1/clusters/third')).json).toMatchObject({ desc: 'of somebody else', version: 1 });
  });

  it('makes all changes or none, and a dry run tells what would refuse them', async () => {
    const documents = [cluster('half'), { kind: 'service', name: 'astray', cluster: 'nope' }];
    for (const dryRun of [true, false])
      expect(await ask('POST', '/api/v1/apply', { documents, dryRun })).toMatchObject({
        status: 400,
        json: { error: { code: 'invalid', message: expect.stringContaining('nope') as unknown } },
      });
    expect((await ask('GET', '/api/v1/clusters/half')).status).toBe(404);
    const wrong = [cluster('half'), { kind: 'cluster', frob: 1 }, { kind: 'nonsense' }];
    const { json } = await ask('POST', '/api/v1/apply', { documents: wrong });
    expect(json.error.problems?.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['documents[1].frob', 'documents[1].name', 'documents[2].kind']),
    );
  });

  it('prunes what is not among the documents, of their kinds, and leaves what is used', async () => {
    const { documents } = (await ask('GET', '/api/v1/export')).json as unknown as {
      documents: { kind: string; name: string }[];
    };
    await ask('POST', '/api/v1/clusters', { name: 'stray' });
    const kept = documents.filter(({ kind }) => kind === 'cluster');
    expect((await ask('POST', '/api/v1/apply', { documents: kept, prune: true })).json).toMatchObject({
      changes: [{ kind: 'cluster', name: 'stray', change: 'delete' }],
    });
    const without = kept.filter(({ name }) => name !== 'shop');
    const used = await ask('POST', '/api/v1/apply', { documents: without, prune: true });
    expect(used).toMatchObject({ status: 409, json: { error: { code: 'in_use' } } });
  });
});

describe('GET /api/v1/export', () => {
  it('gives documents that change nothing when applied, here and after them in an empty catalogue', async () => {
    const exported = (await ask('GET', '/api/v1/export')).json;
    const documents = exported['documents'] as { kind: string }[];
    expect(new Set(documents.map(({ kind }) => kind)).size).toBe(6);
    expect((await ask('POST', '/api/v1/apply', { documents, prune: true })).json).toMatchObject({ changes: [] });
    const other = await serveApi();
    try {
      const askOther = asking(() => other);
      await askOther('POST', '/api/v1/apply', { documents });
      expect((await askOther('GET', '/api/v1/export')).json).toEqual(exported);
    } finally {
      await other.close();
    }
  });
});

describe('POST /api/v1/import/opendcp', () => {
  const catalogue = {
    clusters: [{ id: 41, name: 'orion', desc: '', biz: '' }],
    services: [{ id: 42, name: 'orion-web', desc: '', service_type: '', docker_image: 'x', cluster_id: 41 }],
    pools: [{ id: 43, name: 'orion-pool', desc: '', vm_type: 0, sd_id: 0, tasks: null, service_id: 42 }],
    nodes_by_pool: { 43: [{ id: 44, ip: '192.0.2.44', vm_id: '', status: 0, node_type: '' }] },
    actions: [{ id: 45, name: 'orion-act', desc: '', params: { port: 'integer' } }],
    actimpls: [
      { id: 46, type: 'ansible', action_id: 45, template: { action: { module: 'shell', args: 'echo {{port}}' } } },
    ],
    remote_steps: [{ id: 47, name: 'orion-step', desc: '', actions: ['orion-act'] }],
    templates: [
      {
        id: 48,
        name: 'orion-tpl',
        desc: '',
        steps: [{ name: 'orion-step', param_values: { port: '1' }, retry: null }],
      },
    ],
  };

  it('tells by a dry run what it would do, then does it, with the ids there were', async () => {
    const rehearsed = await ask('POST', '/api/v1/import/opendcp?dryRun=true', catalogue);
    expect(rehearsed).toMatchObject({ status: 200, json: { created: { cluster: 1, pool: 1, node: 1 } } });
    expect((await ask('GET', '/api/v1/clusters/orion')).status).toBe(404);
    const { json } = await ask('POST', '/api/v1/import/opendcp', catalogue);
    expect(json).toEqual(rehearsed.json);
    expect((await ask('GET', '/api/v1/templates/orion-tpl')).json).toMatchObject({ id: 48 });
    expect((await ask('GET', '/api/v1/pools/orion-pool')).json).toMatchObject({ id: 43, count: 1 });
    const again = await ask('POST', '/api/v1/import/opendcp', catalogue);
    expect(again.json).toMatchObject({ created: { cluster: 0, node: 0 }, unchanged: { cluster: 1 } });
  });

  it('refuses what is no such catalogue', async () => {
    for (const body of [[], 'x', { clusters: 3 }, { ...catalogue, services: [{ id: 1, name: 'x', cluster_id: 999 }] }])
      expect((await ask('POST', '/api/v1/import/opendcp', body)).status).toBe(400);
    expect((await ask('POST', '/api/v1/import/opendcp?dryRun=perhaps', catalogue)).status).toBe(400);
  });
});

describe('GET /', () => {
  it('is a page for whoever opens the address in a browser', async () => {
    const answer = await fetch(`${api.url}/`);
    const html = await answer.text();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    for (const part of ['Drover 1.2.3', 'href="/openapi.json"', 'href="http://ui.example"'])
      expect(html).toContain(part);
    expect(html).not.toMatch(/<(script|img|link)/);
  });
});
