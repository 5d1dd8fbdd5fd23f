import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { openFolder } from '../../store/embedded.ts';
import { FolderInUse, lockFolder } from '../../store/lock.ts';
import { openPGlite } from '../../store/pglite-stream.ts';
import { connectPGlite } from '../../store/pglite.ts';
import { makeSeed } from '../../store/seed.ts';
import { openStore } from '../../store/store.ts';
import { upkeep } from '../../store/upkeep.ts';
import { newFolder } from './databases.ts';
import { newTask } from './samples.ts';

describe('a store in a folder', () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    const made = await newFolder();
    folder = made.where.folder;
    remove = made.remove;
  });
  afterEach(() => remove());

  test('is there again when it is opened again, in a folder that need not exist', async () => {
    const where = { folder: join(folder, 'deep', 'er') };
    const store = await openStore(where);
    const { task } = await store.tasks.create(newTask());
    await store.close();
    const again = await openStore(where);
    expect(await again.tasks.get(task.name)).toEqual(task);
    await again.close();
  });

  test('is one process’s alone, which others are told by its pid', async () => {
    const writer = startWriter(folder);
    await writer.committed(1);
    await expect(openStore({ folder })).rejects.toThrow(FolderInUse);
    await expect(openStore({ folder })).rejects.toThrow(
      `${folder} is in use by process ${writer.pid}: stop that one first`,
    );
    await writer.kill();
  });

  test('is this process’s only once, until it is closed', async () => {
    const store = await openStore({ folder });
    await expect(openStore({ folder })).rejects.toThrow('in use by this process');
    await store.close();
    expect((await readdir(folder)).filter((name) => name.includes('lock'))).toEqual([]);
  });

  test('loses nothing committed when its process is killed, however often', async () => {
    for (let round = 0; round < 3; round++) {
      const writer = startWriter(folder);
      const last = await writer.committed(20 + round * 30);
      await writer.kill();
      const store = await openStore({ folder });
      const { total } = await store.ledger.nodes(writer.taskId, { status: 'running', page: 1, pageSize: 1 });
      expect(total).toBeGreaterThan(last);
      const { chunks } = await store.logs.read(writer.taskId, { limit: 10_000 });
      expect(chunks.map(({ no }) => no)).toEqual(Array.from(chunks, (_, no) => no));
      expect(chunks.length).toBeGreaterThan(last);
      for (const { no, bytes } of chunks) expect(bytes.toString()).toBe(`line of ${no}\n`.repeat(500));
      await store.close();
    }
  });

  test('starts afresh after a first start that was killed half way', async () => {
    await mkdir(join(folder, 'pgdata'));
    await writeFile(join(folder, 'pgdata', 'PG_VERSION'), '18\n');
    const store = await openStore({ folder });
    expect((await store.tasks.create(newTask())).created).toBe(true);
    await store.close();
  });

  test('starts from the database that the build has made, when it is there', async () => {
    const seed = join(folder, 'seed.tar.gz');
    await makeSeed(seed);
    const seeded = await Promise.all(['a', 'b'].map((name) => identifierOf(join(folder, name), seed)));
    const another = await identifierOf(join(folder, 'c'), join(folder, 'no-seed'));
    expect(seeded[0]).toBe(seeded[1]);
    expect(seeded[0]).not.toBe(another);
  });

  test('rejects what its thread takes along when it dies, and can still be closed', async () => {
    const stream = await openPGlite({ folder, seed: join(folder, 'no-seed') });
    const db = new Kysely<unknown>({ dialect: await connectPGlite(stream) });
    await expect(sql`select nothing`.execute(db)).rejects.toMatchObject({ code: '42703' });
    const underWay = sql`select count(*) from generate_series(1, 10000000)`.execute(db);
    const waiting = sql`select 1`.execute(db);
    const results = Promise.allSettled([underWay, waiting]);
    await nextTurn();
    stream.destroy(new Error('the thread is dead'));
    for (const result of await results) expect(result).toMatchObject({ status: 'rejected' });
    await expect(sql`select 1`.execute(db)).rejects.toThrow('not queryable');
    await db.destroy();
  });

  test('that cannot be opened says why, and is not kept from others', async () => {
    await Promise.all(['complete', 'pgdata'].map((name) => writeFile(join(folder, name), 'no folder')));
    await expect(openStore({ folder })).rejects.toThrow(`The database in ${folder} cannot be opened`);
    expect((await readdir(folder)).filter((name) => name.includes('lock'))).toEqual([]);
  });

  test('is kept up: its write-ahead log starts anew, the space of deleted rows is used again', async () => {
    const { dialect, release } = await openFolder(folder);
    const db = new Kysely<unknown>({ dialect });
    await sql`create table filler (bytes text)`.execute(db);
    const fill = sql`insert into filler select repeat('x', 1000) from generate_series(1, 2000)`;
    const state = async () => {
      const { rows } = await sql<{ size: number; redo: string }>`
        select pg_table_size('filler')::int as size, redo_lsn::text as redo from pg_control_checkpoint()`.execute(db);
      return rows[0];
    };
    await fill.execute(db);
    const before = await state();
    await sql`delete from filler`.execute(db);
    await upkeep(db);
    await fill.execute(db);
    const after = await state();
    expect(after?.redo).not.toBe(before?.redo);
    expect(after?.size).toBeLessThan(1.5 * (before?.size ?? 0));
    await db.destroy();
    release();
  });

  /** Which initdb gives each new database. */
  async function identifierOf(folder: string, seed: string): Promise<unknown> {
    const { dialect, release } = await openFolder(folder, seed);
    const db = new Kysely<unknown>({ dialect });
    const { rows } = await sql<{ id: string }>`select system_identifier::text as id from pg_control_system()`.execute(
      db,
    );
    await db.destroy();
    release();
    return rows[0]?.id;
  }
});

describe('a folder’s lock', () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    const made = await newFolder();
    folder = made.where.folder;
    remove = made.remove;
  });
  afterEach(() => remove());

  test('of a dead process is taken over', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    await writeFile(join(folder, `lock-${child.pid}`), 'then');
    lockFolder(folder)();
    expect(await readdir(folder)).toEqual([]);
  });

  test('of a dead process whose pid another one has now is taken over', async () => {
    await writeFile(join(folder, `lock-${process.ppid}`), 'an earlier time');
    await writeFile(join(folder, `lock-${process.pid}`), 'an earlier time');
    const release = lockFolder(folder);
    expect(await readdir(folder)).toEqual([`lock-${process.pid}`]);
    release();
  });

  test('is refused while somebody has it, and free again after', async () => {
    const release = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(FolderInUse);
    release();
    lockFolder(folder)();
    await rm(folder, { recursive: true });
  });
});

interface Writer {
  pid: number | undefined;
  taskId: string;
  /** Once so many rounds are; the last one that is. */
  committed: (count: number) => Promise<number>;
  kill: () => Promise<void>;
}

function startWriter(folder: string): Writer {
  const script = fileURLToPath(new URL('writer-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: AsyncIterator<string, undefined> = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let last = -1;
  const writer: Writer = {
    pid: child.pid,
    taskId: '',
    async committed(count) {
      while (last < count - 1) {
        const line = await lines.next();
        if (line.done) throw new Error('the writer ended by itself');
        const [word, what = ''] = line.value.split(' ');
        if (word === 'task') writer.taskId = what;
        else last = Number(what);
      }
      return last;
    },
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
  return writer;
}
