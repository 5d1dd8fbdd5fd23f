import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '../../api/serve.ts';
import { openStore, type Store } from '../../store/store.ts';
import { eventually } from '../support/eventually.ts';
import { newDatabase } from '../store/databases.ts';
import { asking } from './asking.ts';
import { endTask, seedTask, serveApi, TEMPLATE, type Served } from './served.ts';

let api: Served;
const ask = asking(() => api);
beforeAll(async () => {
  api = await serveApi();
});
afterAll(() => api.close());

const start = (key: string, body: object = {}, headers: Record<string, string> = {}) =>
  ask('POST', '/api/v1/tasks', { template: TEMPLATE, nodes: ['a'], ...body }, { 'idempotency-key': key, ...headers });
const submitted = (key: string) => api.temporal.submitted.filter(({ params }) => params?.['tag'] === key).length;

describe('an Idempotency-Key', () => {
  it('starts one task, and answers it again', async () => {
    const body = { params: { tag: 'once' } };
    const first = await start('once', body);
    const second = await start('once', body);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.json).toEqual(first.json);
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(second.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(submitted('once')).toBe(1);
    const reordered = { nodes: ['a'], params: { tag: 'once' }, template: TEMPLATE };
    expect((await ask('POST', '/api/v1/tasks', reordered, { 'idempotency-key': 'once' })).json).toEqual(first.json);
  });

  it('of somebody else is another one', async () => {
    const body = { params: { tag: 'two' } };
    const one = await start('two', body, { authorization: 'lin' });
    const other = await start('two', body, { authorization: 'wang' });
    expect(one.json['name']).not.toBe(other.json['name']);
    expect(submitted('two')).toBe(2);
  });

  it('does not go with another request', async () => {
    await start('other', { params: { tag: 'a' } });
    const { status, json } = await start('other', { params: { tag: 'b' } });
    expect([status, json.error.code]).toEqual([422, 'idempotency_mismatch']);
  });

  it('of a refused request is free again', async () => {
    expect((await start('refused', { nodes: [] })).status).toBe(400);
    expect((await start('refused', { name: 'free-again' })).status).toBe(201);
    expect(await start('taken', { name: 'free-again' })).toMatchObject({
      status: 409,
      json: { error: { code: 'name_in_use' } },
    });
    expect(await start('taken', { name: 'free-again' })).toMatchObject({
      status: 409,
      json: { error: { code: 'name_in_use' } },
    });
    expect((await start('taken', { name: 'not-taken' })).status).toBe(201);
  });

  it('is 1 to 200 visible ASCII characters', async () => {
    for (const key of ['x'.repeat(201), 'a b', 'é']) expect((await start(key)).status).toBe(400);
    expect((await start('x'.repeat(200))).status).toBe(201);
  });

  it('retries a task once', async () => {
    const task = await seedTask(api, 'retried-once');
    const retry = () => ask('POST', '/api/v1/tasks/retried-once/retry', undefined, { 'idempotency-key': 'retry' });
    const [one, other] = [await retry(), await retry()];
    expect([one.status, other.status, other.json]).toEqual([200, 200, one.json]);
    expect(api.temporal.told.filter((line) => line.startsWith('retried-once: retry'))).toHaveLength(1);
    await endTask(api, task);
  });
});

describe('a request that died under way', () => {
  let database: Awaited<ReturnType<typeof newDatabase>>;
  let store: Store;
  let client: pg.Client;
  let server: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    database = await newDatabase();
    store = await openStore(database.where);
    client = new pg.Client(database.where.url);
    await client.connect();
    server = await serve({ ...api.parts, store }, { host: '127.0.0.1', port: 0 });
  });
  afterAll(async () => {
    await server.close();
    await client.end();
    await store.close();
    await database.remove();
  });
  const askIt = asking(() => ({ ...api, url: server.url }));

  /** Past the time for which a call counts as under way. */
  const age = () => client.query(`update idempotency_keys set begun_at = begun_at - interval '2 minutes'`);

  /** As if the server died before, or right after, the task was started. */
  async function dying(when: 'before' | 'after', act: () => Promise<{ status: number }>): Promise<void> {
    const run = api.temporal.run.bind(api.temporal);
    api.temporal.run = async (request) => {
      if (when === 'after') await run(request);
      throw new Error('killed');
    };
    try {
      expect((await act()).status).toBe(500);
    } finally {
      api.temporal.run = run;
    }
  }

  it.each(['before', 'after'] as const)(
    '%s its task was started leaves one task when it is made again',
    async (when) => {
      const post = () =>
        askIt(
          'POST',
          '/api/v1/tasks',
          { template: TEMPLATE, nodes: ['a'], params: { tag: `died-${when}` } },
          { 'idempotency-key': when },
        );
      await dying(when, post);
      expect(await post()).toMatchObject({ status: 409, json: { error: { code: 'idempotency_busy' } } });
      await age();
      const again = await post();
      expect(again.status).toBe(201);
      expect(submitted(`died-${when}`)).toBe(1);
      expect(api.temporal.submitted.at(-1)?.name).toBe(again.json['name']);
      expect((await post()).json).toEqual(again.json);
    },
  );

  it('does not take for its own a task that had the name before', async () => {
    api.temporal.executions.set('older', 'running');
    const body = { name: 'older', template: TEMPLATE, nodes: ['a'] };
    const post = () => askIt('POST', '/api/v1/tasks', body, { 'idempotency-key': 'older' });
    const forget = store.idempotencyKeys.forget.bind(store.idempotencyKeys);
    store.idempotencyKeys.forget = () => Promise.reject(new Error('killed'));
    expect((await post()).status).toBe(500);
    store.idempotencyKeys.forget = forget;
    await age();
    expect(await post()).toMatchObject({ status: 409, json: { error: { code: 'name_in_use' } } });
  });

  it('does not start an ended task a second time', async () => {
    const served = { ...api, store };
    const task = await seedTask(served, 'again-once');
    await endTask(served, task, 'failed');
    const post = () => askIt('POST', '/api/v1/tasks/again-once/retry', undefined, { 'idempotency-key': 'again' });
    const finish = store.idempotencyKeys.finish.bind(store.idempotencyKeys);
    store.idempotencyKeys.finish = () => Promise.reject(new Error('killed'));
    const died = post();
    await eventually(() => expect(api.temporal.told).toContain('again-once: retry {}'));
    await store.tasks.update(task.id, { status: 'running' });
    api.temporal.executions.set('again-once', 'running');
    expect((await died).status).toBe(500);
    store.idempotencyKeys.finish = finish;
    await age();
    expect((await post()).status).toBe(200);
    expect(api.temporal.told.filter((line) => line.startsWith('again-once'))).toHaveLength(1);
  });
});
