import { randomUUID } from 'node:crypto';
import { Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openFolder } from '../../store/embedded.ts';
import { openPostgres } from '../../store/postgres.ts';
import { openStore, type Store } from '../../store/store.ts';
import { describeStore, newDatabase, newFolder } from './databases.ts';

const ANSWER = { status: 201, headers: { location: '/api/v1/tasks/a' }, body: '{"name":"a\\u0000"}' };

describeStore('an idempotency key', (store) => {
  const begin = (key: string, request = 'request', plan: string | object = { name: 'a' }) =>
    store().idempotencyKeys.begin(key, 'ann', request, plan as { name: string });

  test('is new once; while the first call is under way others are told so', async () => {
    const key = randomUUID();
    expect(await begin(key)).toEqual({ state: 'new', plan: { name: 'a' } });
    expect(await begin(key)).toEqual({ state: 'busy' });
    const many = await Promise.all(Array.from({ length: 10 }, () => begin(`${key}-2`)));
    expect(many.filter(({ state }) => state === 'new')).toHaveLength(1);
    expect(many.filter(({ state }) => state === 'busy')).toHaveLength(9);
  });

  test('gives the answer again, to the letter', async () => {
    const key = randomUUID();
    await begin(key);
    await store().idempotencyKeys.finish(key, 'ann', ANSWER);
    expect(await begin(key)).toEqual({ state: 'answered', answer: ANSWER });
  });

  test('is for one request of one actor', async () => {
    const key = randomUUID();
    await begin(key);
    expect(await begin(key, 'another')).toEqual({ state: 'mismatch' });
    expect(await store().idempotencyKeys.begin(key, 'bob', 'another', 1)).toEqual({ state: 'new', plan: 1 });
    await store().idempotencyKeys.finish(key, 'ann', ANSWER);
    expect(await begin(key, 'another')).toEqual({ state: 'mismatch' });
  });

  test('may be used again when the request was refused', async () => {
    const key = randomUUID();
    await begin(key);
    await store().idempotencyKeys.forget(key, 'ann');
    expect(await begin(key, 'another', { name: 'b' })).toEqual({ state: 'new', plan: { name: 'b' } });
  });
});

describe.each([
  ['PGlite', newFolder, async (where: { folder: string }) => openFolder(where.folder)],
  [
    'PostgreSQL',
    newDatabase,
    async (where: { url: string }) => ({ dialect: await openPostgres(where.url), release: () => undefined }),
  ],
] as const)('an old idempotency key in %s', (_, newDatabase, open) => {
  let where: Parameters<typeof openStore>[0];
  let remove: () => Promise<void>;
  beforeAll(async () => ({ where, remove } = await newDatabase()));
  afterAll(() => remove());

  async function withStore<Result>(work: (store: Store) => Promise<Result>): Promise<Result> {
    const store = await openStore(where);
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  }

  /** With the key's beginning put back by so long. */
  async function aged(key: string, by: string): Promise<void> {
    const { dialect, release } = await open(where as never);
    const db = new Kysely<unknown>({ dialect });
    await sql`update idempotency_keys set begun_at = begun_at - ${by}::interval where key = ${key}`.execute(db);
    await db.destroy();
    release();
  }

  test('is taken up by one after a minute, with the first call’s plan; gone after a day', async () => {
    const begin = (times: number, plan: string) =>
      withStore(({ idempotencyKeys }) =>
        Promise.all(Array.from({ length: times }, () => idempotencyKeys.begin('key', 'ann', 'r', plan))),
      );
    expect(await begin(1, 'first')).toEqual([{ state: 'new', plan: 'first' }]);
    await aged('key', '61 seconds');
    const again = await begin(5, 'second');
    expect(again.filter(({ state }) => state === 'again')).toEqual([{ state: 'again', plan: 'first' }]);
    expect(again.filter(({ state }) => state === 'busy')).toHaveLength(4);
    await aged('key', '1 day 1 second');
    expect(await begin(1, 'third')).toEqual([{ state: 'new', plan: 'third' }]);
  });

  test('has its answer for a day', async () => {
    const begin = () => withStore(({ idempotencyKeys }) => idempotencyKeys.begin('answered', 'ann', 'r', 'plan'));
    await begin();
    await withStore(({ idempotencyKeys }) => idempotencyKeys.finish('answered', 'ann', ANSWER));
    await aged('answered', '23 hours');
    expect(await begin()).toEqual({ state: 'answered', answer: ANSWER });
    await aged('answered', '2 hours');
    expect(await begin()).toEqual({ state: 'new', plan: 'plan' });
  });
});
