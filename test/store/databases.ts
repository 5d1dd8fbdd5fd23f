import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, inject } from 'vitest';

import { openStore, type Store } from '../../store/store.ts';
import { freshDatabase } from '../support/postgres.ts';

interface Database {
  where: { folder: string } | { url: string };
  remove: () => Promise<void>;
}

const DATABASES: Record<string, () => Promise<Database>> = {
  PGlite: newFolder,
  PostgreSQL: newDatabase,
};

export async function newFolder(): Promise<{ where: { folder: string }; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-store-'));
  return { where: { folder }, remove: () => rm(folder, { recursive: true, force: true }) };
}

export async function newDatabase(): Promise<{ where: { url: string }; remove: () => Promise<void> }> {
  const { url, drop } = await freshDatabase(inject('shared').postgresUrl);
  return { where: { url }, remove: drop };
}

/** The same specification for a store in each of the databases, one store for all of its tests. */
export function describeStore(subject: string, specify: (store: () => Store) => void): void {
  describe.each(Object.entries(DATABASES))(`${subject} in %s`, (_, newDatabase) => {
    let database: Database;
    let store: Store;
    beforeAll(async () => {
      database = await newDatabase();
      store = await openStore(database.where);
    });
    afterAll(async () => {
      await store.close();
      await database.remove();
    });
    specify(() => store);
  });
}
