import pg from 'pg';
import { describe, expect, inject, test } from 'vitest';

import { freePort } from '../../embedded/port.ts';
import { openStore } from '../../store/store.ts';
import { newDatabase } from './databases.ts';
import { newTask, stepRef, taskWithNodes } from './samples.ts';

describe('a store in PostgreSQL', () => {
  const refused = async (url: string) => {
    const error = await openStore({ url }).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    return error?.message;
  };

  test('that cannot be reached says where, why and what to do, and never the password', async () => {
    const port = await freePort();
    const message = await refused(`postgres://ann:s3cret@127.0.0.1:${port}/drover`);
    expect(message).toMatch(
      new RegExp(
        `^PostgreSQL at 127\\.0\\.0\\.1:${port}/drover as ann cannot be used: .*ECONNREFUSED.*Check that it is`,
      ),
    );
    expect(message).not.toContain('s3cret');
  });

  test('that refuses the password or has no such database says so', async () => {
    const url = new URL(inject('shared').postgresUrl);
    url.password = 'wrong-s3cret';
    const wrongPassword = await refused(url.href);
    expect(wrongPassword).toContain('password authentication failed');
    expect(wrongPassword).not.toContain('wrong-s3cret');
    const nowhere = new URL(inject('shared').postgresUrl);
    nowhere.pathname = '/nowhere';
    expect(await refused(nowhere.href)).toContain('database "nowhere" does not exist');
  });

  test('whose URL is none says what one looks like, without giving it away', async () => {
    const message = await refused('host=x password=s3cret');
    expect(message).toContain('expected postgres://');
    expect(message).not.toContain('s3cret');
  });

  test('may be opened by several processes at once, and again', async () => {
    const { where, remove } = await newDatabase();
    const open = () => openStore(where);
    const stores = await Promise.all([open(), open(), open(), open()]);
    const { task } = await stores[0].tasks.create(newTask());
    expect(await stores[3].tasks.get(task.name)).toEqual(task);
    await Promise.all(stores.map((store) => store.close()));
    const again = await openStore(where);
    expect(await again.tasks.get(task.name)).toEqual(task);
    await again.close();
    await remove();
  });

  test('rejects what a lost connection took along, and goes on with a new one', async () => {
    const { where, remove } = await newDatabase();
    const store = await openStore(where);
    const { id } = await taskWithNodes(store, 2);
    const blocker = new pg.Client(where.url);
    await blocker.connect();
    await blocker.query('begin');
    await blocker.query('select * from nodes for update');
    const writes = [0, 1].map((no) => store.ledger.settle(id, no, 'ok', ''));
    const results = Promise.allSettled(writes);
    await endWaitingConnection(blocker);
    await blocker.query('rollback');
    await blocker.end();
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected']);

    await Promise.all([0, 1].map((no) => store.ledger.settle(id, no, 'ok', '')));
    await store.ledger.begin(1, [stepRef(id, 0, 0)]);
    expect(await store.tasks.counts(id)).toMatchObject({ ok: 1, running: 1 });
    await store.close();
    await remove();
  });

  /**
   * The connection whose write waits for the blocker's lock. An idle one that ended with it would be found dead by the next
   * write only, which is then rejected, too.
   */
  async function endWaitingConnection(client: pg.Client): Promise<void> {
    for (;;) {
      const { rowCount } = await client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid() and wait_event_type = 'Lock'`,
      );
      if (rowCount) return;
    }
  }
});
