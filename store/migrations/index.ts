import { Migrator, type Kysely, type Migration } from 'kysely';

import * as ledger from './0001-ledger.ts';
import * as catalogue from './0002-catalogue.ts';
import * as pools from './0003-pools.ts';
import * as schedules from './0004-schedules.ts';

/** In order, and never changed once they shipped. A record and not a folder's listing, so that it works from dist/, too. */
const MIGRATIONS = {
  '0001-ledger': ledger,
  '0002-catalogue': catalogue,
  '0003-pools': pools,
  '0004-schedules': schedules,
} satisfies Record<string, Migration>;

/**
 * Brings the database's tables up to date, or up to the migration `last` only. Several processes may do so at once: one
 * does, the others wait for it.
 */
export async function migrate<Schema>(db: Kysely<Schema>, last?: keyof typeof MIGRATIONS): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(MIGRATIONS) },
    migrationTableName: 'drover_migration',
    migrationLockTableName: 'drover_migration_lock',
  });
  const { error, results = [] } = await (last ? migrator.migrateTo(last) : migrator.migrateToLatest());
  if (error === undefined) return;
  const failed = results.find(({ status }) => status === 'Error')?.migrationName ?? 'none of its own';
  throw new Error(
    `The store's tables could not be brought up to date (migration ${failed}): ${error instanceof Error ? error.message : 'unknown error'}`,
    {
      cause: error,
    },
  );
}
