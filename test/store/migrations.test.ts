import { Kysely, sql, type Dialect } from 'kysely';
import { expect, describe, test } from 'vitest';

import { openFolder } from '../../store/embedded.ts';
import { migrate } from '../../store/migrations/index.ts';
import { openPostgres } from '../../store/postgres.ts';
import { openStore } from '../../store/store.ts';
import { newDatabase, newFolder } from './databases.ts';
import { newTask } from './samples.ts';

interface OldDatabase {
  where: { folder: string } | { url: string };
  open: () => Promise<{ dialect: Dialect; release: () => void }>;
  remove: () => Promise<void>;
}

const DATABASES: Record<string, () => Promise<OldDatabase>> = {
  async PGlite() {
    const { where, remove } = await newFolder();
    return { where, remove, open: () => openFolder(where.folder) };
  },
  async PostgreSQL() {
    const { where, remove } = await newDatabase();
    return { where, remove, open: async () => ({ dialect: await openPostgres(where.url), release: () => undefined }) };
  },
};

/** What the first released schema's code wrote: two tasks of three nodes, a step, some output. */
const ROWS = [
  `insert into tasks (name, kind, pool, template, params, rollout, digest, started_by, nodes_total, workflow_id, status, finished_at)
   select 'old-' || i, 'run', null, '{"name": "web", "params": {}, "steps": [{"name": "pull"}]}', '{"tag": "1"}', '{"batch": [1]}',
          'abc', 'ann', 3, 'old-' || i, case i when 1 then 'ok' else 'running' end, case i when 1 then now() end
   from generate_series(1, 2) i`,
  `insert into nodes (task_id, no, name, node, status)
   select id, no, 'node-' || no, jsonb_build_object('name', 'node-' || no, 'address', '192.0.2.' || no), 'ok'
   from tasks, generate_series(0, 2) no order by seq, no`,
  `insert into steps (task_id, no, step, status, try, first_try, batch, exit_code, reason, started_at, finished_at)
   select id, 0, 0, 'ok', 1, 1, 1, 0, '', now(), now() from tasks`,
  `insert into log_chunks (task_id, no, step, try, action, stream, "offset", next, bytes)
   select id, 0, 0, 1, 0, 'out', 0, 6, 'hello\\012' from tasks`,
  `insert into events (task_id, kind, status, reason) select id, 'task', 'running', '' from tasks`,
];

describe.each(Object.entries(DATABASES))('a database of the first release in %s', (_, oldDatabase) => {
  test('is brought up to date with all that is in it', async () => {
    const { where, open, remove } = await oldDatabase();
    const { dialect, release } = await open();
    const db = new Kysely<unknown>({ dialect });
    await migrate(db, '0001-ledger');
    for (const statement of ROWS) await sql.raw(statement).execute(db);
    await db.destroy();
    release();

    const store = await openStore(where);
    const { items, counts, total } = await store.tasks.page({ page: 1, pageSize: 10 });
    expect(total).toBe(2);
    expect(items).toMatchObject([
      { name: 'old-2', seq: 2, status: 'running', templateName: 'web', finishedAt: null, opendcp: null },
      { name: 'old-1', seq: 1, status: 'ok', title: null, templateId: null, templateVersion: null },
    ]);
    const [, first] = items;
    expect(counts.get(first?.id ?? '')).toMatchObject({ total: 3, ok: 3 });
    expect((await store.tasks.list({ limit: 5, template: 'web', search: 'OLD-1' })).items).toHaveLength(1);
    const byEnd = await store.tasks.list({ limit: 1, sort: { by: 'finishedAt', descending: false } });
    expect(byEnd.items.map(({ name }) => name)).toEqual(['old-1']);

    const nodes = await store.ledger.opendcpNodes(first?.id ?? '');
    expect(nodes.map(({ no, name, address, steps }) => [no, name, address, steps.length])).toEqual([
      [0, 'node-0', '192.0.2.0', 1],
      [1, 'node-1', '192.0.2.1', 0],
      [2, 'node-2', '192.0.2.2', 0],
    ]);
    const ids = [...nodes, ...(await store.ledger.opendcpNodes(items[0]?.id ?? ''))].map(({ id }) => id);
    expect(new Set(ids).size).toBe(6);
    expect(await store.ledger.nodeById(nodes[1]?.id ?? 0)).toMatchObject({ taskId: first?.id, no: 1 });
    const { chunks } = await store.logs.read(first?.id ?? '', { limit: 5 });
    expect(chunks.map(({ bytes }) => bytes.toString())).toEqual(['hello\n']);
    expect(await store.events.read(first?.id ?? '', { limit: 5 })).toHaveLength(1);

    const { task } = await store.tasks.create(newTask({ seq: await store.tasks.reserveNumber() }));
    expect(task.seq).toBe(3);
    expect((await store.tasks.page({ page: 1, pageSize: 1 })).total).toBe(3);
    await store.close();
    await (await openStore(where)).close();
    await remove();
  });
});
