import { Migrator, type Kysely, type Migration } from 'kysely';

import * as ledger from './0001-ledger.ts';

/** In order, and never changed once they shipped. A record and not a folder's listing, so that it works from dist/, too. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-ledger': ledger,
};

/** Brings the database's tables up to date. Several processes may do so at once: one does, the others wait for it. */
export async function migrate<Schema>(db: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(MIGRATIONS) },
    migrationTableName: 'drover_migration',
    migrationLockTableName: 'drover_migration_lock',
  });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const failed = results.find(({ status }) => status === 'Error')?.migrationName ?? 'none of its own';
  throw new Error(
    `The store's tables could not be brought up to date (migration ${failed}): ${error instanceof Error ? error.message : 'unknown error'}`,
    {
      cause: error,
    },
  );
}
