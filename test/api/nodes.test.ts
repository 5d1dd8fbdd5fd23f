import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { adminToken } from '../../api/access/settings.ts';
import { croupier } from '../../scale/croupier.ts';
import { acting, calling, giving } from '../scale/asking.ts';
import { eventually } from '../support/eventually.ts';
import { asking, seedCatalogue } from './asking.ts';
import { seedTask, serveApi, type Served } from './served.ts';

const SECRET = 'an-admin-of-the-node-api';
let api: Served;
let operator: Record<string, string>;
const plain = asking(() => api);
const ask: typeof plain = (method, path, body, headers = {}) => plain(method, path, body, { ...operator, ...headers });

const actor = { name: 'setup', role: 'admin', via: 'local', from: null } as const;

/** The ids of web-1 and web-2, as text. */
let one: string;
let two: string;

beforeAll(async () => {
  api = await serveApi({ access: { adminToken: adminToken(SECRET) } });
  await seedCatalogue((method, path, body) => plain(method, path, body, { authorization: `Bearer ${SECRET}` }));
  const { secret } = await api.store.tokens.create(actor, { name: 'olga', role: 'operator' });
  operator = { authorization: `Bearer ${secret}` };
  [one = '', two = ''] = (await nodes('')).map(({ id }) => id);
});
afterAll(() => api.close());
beforeEach(async () => {
  for (const id of [one, two]) await api.store.rotation.letIn(Number(id));
});

interface Node {
  id: string;
  name: string;
  status: string;
  drainedBy: string | null;
}

async function nodes(query: string): Promise<Node[]> {
  const { status, json } = await ask('GET', `/api/v1/nodes${query}`);
  expect(status).toBe(200);
  return json.items as unknown as Node[];
}

async function lastAudit() {
  const { items } = await api.store.audit.list({ limit: 1, kind: 'node' });
  return items[0];
}

/** Task `name` has node web-1 in a batch until `end` is called. */
async function taskOnFirst(name: string): Promise<{ end: () => Promise<void> }> {
  const task = await seedTask(api, name, 1);
  // By its address; tasks of the pool are told by the pool's name.
  await api.store.ledger.begin(1, [{ taskId: task.id, no: 0, step: 1, try: 1 }]);
  return { end: () => api.store.ledger.settle(task.id, 0, 'ok', '') };
}

describe('GET /api/v1/nodes', () => {
  it('lists the nodes of all pools as they stand', async () => {
    expect(await nodes('')).toEqual([
      {
        ...{ id: one, name: 'web-1', pool: 'web', service: 'shop-web', type: 'http', status: 'active' },
        ...{ address: '192.0.2.1', providerId: null, drainedBy: null },
        joinedAt: expect.stringMatching(/^\d{4}-/) as string,
      },
      expect.objectContaining({ id: two, name: 'web-2' }),
    ]);
    expect((await ask('GET', `/api/v1/nodes/${two}`)).json).toMatchObject({ id: two, name: 'web-2', pool: 'web' });
  });

  it.each([
    ['?type=http', ['web-1', 'web-2']],
    ['?type=tcp', []],
    ['?type=&status=', ['web-1', 'web-2']],
    ['?status=active', ['web-1']],
    ['?status=drained&type=http', ['web-2']],
    ['?status=failed', []],
    ['?pool=WEB&name=web-2', ['web-2']],
  ])('%s takes some of them', async (query, names) => {
    await api.store.rotation.keepOut(Number(two), 'ann');
    expect((await nodes(query)).map(({ name }) => name)).toEqual(names);
  });

  it('gives a large fleet in parts', async () => {
    const first = (await ask('GET', '/api/v1/nodes?limit=1')).json;
    expect(first.items.map(({ name }) => name)).toEqual(['web-1']);
    const second = (await ask('GET', `/api/v1/nodes?limit=1&cursor=${first.next}`)).json;
    expect([second.items.map(({ name }) => name), second.next]).toEqual([['web-2'], null]);
  });

  it.each(['?status=online', '?limit=0', '?limit=10001', '?cursor=x', '?color=red'])('refuses %s', async (query) => {
    const { status, json } = await ask('GET', `/api/v1/nodes${query}`);
    expect([status, json.error.code]).toEqual([400, 'invalid']);
  });
});

describe('POST /api/v1/nodes/:id/drain', () => {
  it('answers when nothing runs on the node, and keeps it out of rotation', async () => {
    expect(await ask('POST', `/api/v1/nodes/${one}/drain`)).toMatchObject({ status: 200, json: {} });
    expect(await nodes('?status=drained')).toMatchObject([{ id: one, drainedBy: 'olga' }]);
    expect(await lastAudit()).toMatchObject({
      ...{ action: 'node.drain', name: 'web/web-1', before: { drainedBy: '' }, after: { timeout: 30 } },
      ...{ actor: { name: 'olga' }, outcome: 'ok' },
    });
    expect((await ask('POST', `/api/v1/nodes/${one}/drain`, { timeout: 0 })).status).toBe(200);
    expect(await nodes('?status=drained')).toMatchObject([{ id: one, drainedBy: 'olga' }]);
  });

  it('waits for the task that has the node', async () => {
    const task = await taskOnFirst('waited-for');
    let isAnswered = false;
    const draining = ask('POST', `/api/v1/nodes/${one}/drain`, { timeout: 60 }).finally(() => (isAnswered = true));
    await eventually(async () => expect(await nodes('?status=draining')).toMatchObject([{ id: one }]));
    expect(isAnswered).toBe(false);
    await task.end();
    expect((await draining).status).toBe(200);
    expect(await nodes('?status=drained')).toMatchObject([{ id: one }]);
  });

  it.each([0, 1])('says what still runs when %i s are over, and keeps the node out', async (timeout) => {
    const task = await taskOnFirst(`longer-than-${timeout}`);
    const begun = performance.now();
    const { status, json } = await ask('POST', `/api/v1/nodes/${one}/drain`, { timeout });
    expect([status, json.error.code]).toEqual([409, 'busy']);
    expect(json.error.message).toContain(`task longer-than-${timeout} (step start)`);
    expect(json.error.message).toContain('stays so');
    expect(performance.now() - begun).toBeGreaterThan(timeout * 1000);
    expect(await nodes('?status=draining')).toMatchObject([{ id: one }]);
    expect((await lastAudit())?.outcome).toContain('still in a batch');
    await task.end();
  });

  it('keeps no server from closing, and the node out', async () => {
    const task = await taskOnFirst('for-ever');
    const draining = ask('POST', `/api/v1/nodes/${one}/drain`, { timeout: 86_400 });
    await eventually(async () => expect(await nodes('?status=draining')).toHaveLength(1));
    const [{ status, json }, again] = await Promise.all([draining, api.stop()]);
    expect([status, json.error.code]).toEqual([503, 'closing']);
    await again();
    expect(await nodes('?status=draining')).toHaveLength(1);
    await task.end();
  });

  it('waits no longer than its client', async () => {
    const task = await taskOnFirst('client-gone');
    const client = new AbortController();
    const asked = fetch(`${api.url}/api/v1/nodes/${one}/drain`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...operator },
      body: '{"timeout": 86400}',
      signal: client.signal,
    });
    await eventually(async () => expect(await nodes('?status=draining')).toHaveLength(1));
    client.abort();
    await expect(asked).rejects.toThrow();
    await eventually(async () => expect((await lastAudit())?.outcome).toContain('nobody waits'));
    await task.end();
  });

  it.each([-1, 1.5, 86_401, '30', null, 'NaN'])(
    'refuses a timeout of %j, and leaves the node alone',
    async (timeout) => {
      const { status, json } = await ask('POST', `/api/v1/nodes/${one}/drain`, { timeout });
      expect([status, json.error.code, json.error.path]).toEqual([400, 'invalid', 'timeout']);
      expect(await nodes('?status=active')).toHaveLength(2);
    },
  );
});

describe('POST /api/v1/nodes/:id/undrain', () => {
  it('takes the node into rotation again; a second time, too', async () => {
    await ask('POST', `/api/v1/nodes/${one}/drain`);
    for (const before of ['olga', '']) {
      expect(await ask('POST', `/api/v1/nodes/${one}/undrain`, {})).toMatchObject({ status: 200, json: {} });
      expect(await lastAudit()).toMatchObject({ action: 'node.undrain', before: { drainedBy: before } });
    }
    expect(await nodes('?status=active')).toHaveLength(2);
  });
});

describe('requests to do something', () => {
  it.each(['drain', 'undrain'])('%s may name the type of a body that is not there', async (what) => {
    const headers = { ...operator, 'content-type': 'application/json' };
    const response = await fetch(`${api.url}/api/v1/nodes/${one}/${what}`, { method: 'POST', headers });
    expect([response.status, await response.json()]).toEqual([200, {}]);
  });

  it.each([
    ['POST', 'drain'],
    ['POST', 'undrain'],
    ['POST', 'restart'],
    ['GET', 'meta'],
    ['PUT', 'meta'],
  ])('%s %s of a node that is not there is 404', async (method, what) => {
    for (const id of ['999999', '0', '-1', 'web-1', '9'.repeat(40)]) {
      const body = method === 'PUT' ? { meta: {} } : undefined;
      const { status, json } = await ask(method, `/api/v1/nodes/${id}/${what}`, body);
      expect([status, json.error.code]).toEqual([404, 'not_found']);
    }
  });

  it('are not for viewers, who may look', async () => {
    const { secret } = await api.store.tokens.create(actor, { name: 'vic', role: 'viewer' });
    const viewer = { authorization: `Bearer ${secret}` };
    for (const what of ['drain', 'undrain', 'restart'])
      expect((await plain('POST', `/api/v1/nodes/${one}/${what}`, {}, viewer)).status).toBe(403);
    expect((await plain('PUT', `/api/v1/nodes/${one}/meta`, { meta: 1 }, viewer)).status).toBe(403);
    for (const path of ['', '/commands', `/${one}`, `/${one}/meta`])
      expect((await plain('GET', `/api/v1/nodes${path}`, undefined, viewer)).status).toBe(200);
    expect(await nodes('?status=active')).toHaveLength(2);
  });
});

describe('/api/v1/nodes/:id/meta', () => {
  const meta = (id = one) => ask('GET', `/api/v1/nodes/${id}/meta`);

  it('is any JSON that was put there, and null before', async () => {
    expect((await meta(two)).json).toEqual({ meta: null });
    for (const value of [{ rack: 'r1', slots: [1, null] }, 'text', [], 7, false, null]) {
      const before = (await meta()).json['meta'];
      const { status, json } = await ask('PUT', `/api/v1/nodes/${one}/meta`, { meta: value });
      expect([status, json]).toEqual([200, { meta: value }]);
      expect((await meta()).json).toEqual({ meta: value });
      expect(await lastAudit()).toMatchObject({ action: 'node.meta', name: 'web/web-1', before, after: value });
    }
    expect((await meta(two)).json).toEqual({ meta: null });
  });

  it.each([
    ['nothing', {}, 400],
    ['more than meta', { meta: 1, mata: 2 }, 400],
    ['what no JSON column keeps', { meta: { text: 'a\0b' } }, 400],
    ['too much', { meta: 'x'.repeat(64 * 1024) }, 413],
  ])('refuses %s, and keeps what is there', async (_, body, status) => {
    await ask('PUT', `/api/v1/nodes/${one}/meta`, { meta: 'kept' });
    expect((await ask('PUT', `/api/v1/nodes/${one}/meta`, body)).status).toBe(status);
    expect((await meta()).json).toEqual({ meta: 'kept' });
  });
});

describe('a provider of another Drover', () => {
  it('takes it for croupier: lists nodes with their addresses, drains and undrains them', async () => {
    const token = (operator['authorization'] ?? '').replace('Bearer ', '');
    const spec = { endpoint: api.url, token: 'secret:TOKEN', type: 'http', address: 'address', poll: 20 };
    const provider = await croupier({ ...spec, requestsPerSecond: 100 }, giving({ TOKEN: token }));
    const listed = async () =>
      (await provider.list(calling())).map(({ id, status, address }) => ({ id, status, address }));
    const [first, second] = [
      { id: one, status: 'running', address: '192.0.2.1' },
      { id: two, status: 'running', address: '192.0.2.2' },
    ];
    expect(await listed()).toEqual([first, second]);
    const machines = [{ id: one, name: 'web-1', address: '' }];
    const well = [{ id: one, status: 'ok', reason: '' }];
    expect(await provider.acts.drain?.(machines, { timeout: 5000 }, acting())).toEqual(well);
    expect(await nodes('?status=drained')).toMatchObject([{ id: one, drainedBy: 'olga' }]);
    expect(await listed()).toEqual([{ id: one, status: 'spare', address: undefined }, second]);
    expect(await provider.acts.undrain?.(machines, {}, acting())).toEqual(well);
    await provider.release([two], {}, calling());
    expect((await listed()).map(({ status }) => status)).toEqual(['running', 'spare']);
    await provider.take([two], {}, calling());
    expect(await listed()).toEqual([first, second]);
  });
});

describe('POST /api/v1/nodes/:id/restart', () => {
  const put = (documents: object[]) => ask('POST', '/api/v1/apply', { documents });

  const web = (rest: object) => ({
    ...{ kind: 'pool', name: 'web', service: 'shop-web', ssh: { user: 'deploy' } },
    nodes: [
      { name: 'web-1', address: '192.0.2.1' },
      { name: 'web-2', address: '192.0.2.2', port: 2222 },
    ],
    ...rest,
  });
  const croupier = { croupier: { endpoint: 'http://127.0.0.1:9', address: 'ip' } };

  it('is refused when nothing says how, with what to do', async () => {
    await put([web({ templates: { deploy: 'roll' } })]);
    const { status, json } = await ask('POST', `/api/v1/nodes/${one}/restart`);
    expect([status, json.error.code]).toEqual([409, 'no_restart']);
    expect(json.error.message).toContain('templates: { restart: NAME }');
    expect(api.temporal.submitted).toEqual([]);
  });

  it('starts the pool’s restart template on the node, by preference', async () => {
    const template = { kind: 'template', name: 'bounce', steps: [{ name: 'again', actions: [{ shell: 'true' }] }] };
    await put([template, web({ templates: { restart: 'bounce' }, provider: croupier })]);
    const { status, json, headers } = await ask('POST', `/api/v1/nodes/${two}/restart`);
    expect(status).toBe(200);
    const submitted = api.temporal.submitted.at(-1);
    expect(submitted).toEqual({
      ...{ pool: 'web', do: { deploy: { nodes: ['web-2'] } }, templateName: 'bounce', startedBy: 'olga' },
      name: expect.stringMatching(/^restart-web-2-/) as string,
    });
    expect(json).toEqual({ task: submitted?.name });
    expect(headers.get('location')).toBe(`/api/v1/tasks/${submitted?.name}`);
    expect(await lastAudit()).toMatchObject({ action: 'node.restart', name: 'web/web-2', outcome: 'ok' });
  });

  it('else the restart of its provider', async () => {
    await put([web({ templates: {}, provider: croupier })]);
    expect((await ask('POST', `/api/v1/nodes/${one}/restart`, {})).status).toBe(200);
    expect(api.temporal.submitted.at(-1)).toMatchObject({
      ...{ pool: 'web', do: { deploy: { nodes: ['web-1'] } } },
      template: { name: 'restart', steps: [{ use: 'restart' }] },
    });
  });

  it('starts it once for each Idempotency-Key', async () => {
    const before = api.temporal.submitted.length;
    const answers = [];
    for (let i = 0; i < 2; i++)
      answers.push(await ask('POST', `/api/v1/nodes/${one}/restart`, {}, { 'idempotency-key': 'a-click' }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[1]?.headers.get('location')).toBe(answers[0]?.headers.get('location'));
    expect(api.temporal.submitted.length).toBe(before + 1);
  });
});

describe('GET /api/v1/nodes/commands', () => {
  it('names what can be run on nodes: by the API, by templates of pools, by their providers', async () => {
    await ask('POST', '/api/v1/apply', {
      documents: [
        {
          ...{ kind: 'pool', name: 'game', service: 'shop-web', templates: { deploy: 'roll', shrink: 'roll' } },
          provider: { croupier: { endpoint: 'http://127.0.0.1:9' } },
        },
      ],
    });
    const { status, json } = await ask('GET', '/api/v1/nodes/commands');
    expect(status).toBe(200);
    const items = json.items as unknown as { name: string; type: string; pool: string | null; params: object }[];
    const ofAll = items.filter(({ pool }) => pool === null).map(({ type, name }) => `${type} ${name}`);
    expect(ofAll).toEqual(['node drain', 'node undrain', 'node restart']);
    const game = items.filter(({ pool }) => pool === 'game');
    expect(game[0]).toEqual({
      ...{ name: 'deploy', description: '', type: 'template', pool: 'game', template: 'roll' },
      params: { tag: { default: '1' } },
    });
    expect(game.slice(1).map(({ type, name }) => `${type} ${name}`)).toEqual([
      ...['provider await_vm', 'provider drain', 'provider undrain', 'provider restart'],
    ]);
    expect(game.at(-1)?.params).toEqual({ within: { type: 'duration' } });
  });
});
