import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openStore, type Store } from '../../store/store.ts';
import { newDatabase } from './databases.ts';
import { jobRef, taskWithNodes } from './samples.ts';

const WRITERS = 8;
const CHUNKS = 200;

/** PGlite has one connection, so nothing can commit out of order there. */
describe('followers in PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof newDatabase>>;
  let store: Store;
  beforeAll(async () => {
    database = await newDatabase();
    store = await openStore(database.where);
  });
  afterAll(async () => {
    await store.close();
    await database.remove();
  });

  test('are not told of a chunk before one that is committed later and comes first', async () => {
    const { id } = await taskWithNodes(store, 2);
    const slow = new pg.Client(database.where.url);
    await slow.connect();
    await slow.query('begin');
    await slow.query(
      `insert into log_chunks (task_id, no, step, try, action, stream, "offset", next, bytes)
       values ($1, 0, 0, 1, 0, 'out', 0, 5, 'first')`,
      [id],
    );
    await store.logs.append(jobRef(id, 1), 'out', 0, Buffer.from('second'), 6);
    await store.ledger.batch(id, 1, 2, 'started');

    expect(await store.logs.read(id, { limit: 10, following: true })).toEqual({ chunks: [], more: true });
    expect(await store.events.read(id, { limit: 10, following: true })).toEqual([]);
    // Who reads once has what is there.
    expect((await store.logs.read(id, { limit: 10 })).chunks.map(({ bytes }) => bytes.toString())).toEqual(['second']);
    expect(await store.events.read(id, { limit: 10 })).toHaveLength(1);

    await slow.query('commit');
    await slow.end();
    const { chunks, more } = await store.logs.read(id, { limit: 10, following: true });
    expect(chunks.map(({ bytes }) => bytes.toString())).toEqual(['first', 'second']);
    expect(more).toBe(false);
    expect(await store.events.read(id, { limit: 10, following: true })).toHaveLength(1);
  });

  test(`miss nothing that ${WRITERS} writers write at once`, async () => {
    const { id } = await taskWithNodes(store, WRITERS);
    const writers = await Promise.all(Array.from({ length: WRITERS }, () => openStore(database.where)));
    let isWriting = true;
    const written = Promise.all(writers.map((writer, no) => write(writer, id, no))).finally(() => (isWriting = false));

    const chunks: string[] = [];
    const events: string[] = [];
    for (let after = '0.0', afterEvent = '0.0', isLast = false; !isLast;) {
      isLast = !isWriting;
      const page = await store.logs.read(id, { after, limit: 50, following: true });
      after = page.chunks.at(-1)?.cursor ?? after;
      chunks.push(...page.chunks.map(({ no, offset }) => `${no} ${offset}`));
      const told = await store.events.read(id, { after: afterEvent, limit: 50, following: true });
      afterEvent = told.at(-1)?.seq ?? afterEvent;
      events.push(...told.map(({ event }) => (event.kind === 'batch' ? String(event.batch) : '')));
      isLast &&= !page.more && told.length === 0;
    }
    await written;
    await Promise.all(writers.map((writer) => writer.close()));

    expect(chunks).toHaveLength(WRITERS * CHUNKS);
    expect(new Set(chunks).size).toBe(WRITERS * CHUNKS);
    expect(new Set(events).size).toBe(WRITERS * CHUNKS);
    for (let no = 0; no < WRITERS; no++) {
      const offsets = chunks.filter((chunk) => chunk.startsWith(`${no} `)).map((chunk) => Number(chunk.split(' ')[1]));
      expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
    }
  });

  async function write(writer: Store, taskId: string, no: number): Promise<void> {
    for (let i = 0; i < CHUNKS; i++)
      await Promise.all([
        writer.logs.append(jobRef(taskId, no), 'out', i * 10, Buffer.from('0123456789'), i * 10 + 10),
        writer.ledger.batch(taskId, no * CHUNKS + i, 1, 'started'),
      ]);
  }
});
