import { CamelCasePlugin, Kysely } from 'kysely';

import type { Audit, IdempotencyKeys, Tokens } from './access.ts';
import { AuditLog } from './audit.ts';
import { openCatalogue } from './catalogue/catalogue.ts';
import type { Catalogue } from './catalogue/types.ts';
import { openFolder } from './embedded.ts';
import { Events } from './events.ts';
import { Files } from './files.ts';
import { IdempotencyTable } from './idempotency.ts';
import { Leases } from './leases.ts';
import { Ledger } from './ledger.ts';
import { Logs } from './logs.ts';
import { Machines } from './machines.ts';
import { migrate } from './migrations/index.ts';
import { NodesOfPools } from './nodes-of-pools.ts';
import { PoolStandings } from './pool-standing.ts';
import { openPostgres } from './postgres.ts';
import { Rotation } from './rotation.ts';
import type { Schema } from './schema.ts';
import { Tasks } from './tasks.ts';
import { TokenTable } from './tokens.ts';
import { keepUp } from './upkeep.ts';
import { Writes } from './writes.ts';

export interface Store {
  tasks: Tasks;
  ledger: Ledger;
  logs: Logs;
  events: Events;
  files: Files;
  leases: Leases;
  machines: Machines;
  catalogue: Catalogue;
  nodes: NodesOfPools;
  rotation: Rotation;
  poolStandings: PoolStandings;
  tokens: Tokens;
  audit: Audit;
  idempotencyKeys: IdempotencyKeys;
  /** Commits what is waiting, and lets go of the database. */
  close(): Promise<void>;
}

/**
 * The store in PostgreSQL, or embedded in a folder, with its tables brought up to date. Throws FolderInUse when another
 * live process has the folder.
 */
export async function openStore(where: { folder: string } | { url: string }): Promise<Store> {
  const { dialect, release } =
    'folder' in where
      ? await openFolder(where.folder)
      : { dialect: await openPostgres(where.url), release: () => undefined };
  const db = new Kysely<Schema>({ dialect, plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })] });
  const writes = new Writes(db);
  const stopUpkeep = 'folder' in where ? keepUp(db) : undefined;
  const close = async () => {
    await writes.close();
    await stopUpkeep?.();
    await db.destroy();
    release();
  };
  try {
    await migrate(db);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    tasks: new Tasks(db),
    ledger: new Ledger(db, writes),
    logs: new Logs(db, writes),
    events: new Events(db),
    files: new Files(db),
    leases: new Leases(db),
    machines: new Machines(db),
    catalogue: openCatalogue(db),
    nodes: new NodesOfPools(db),
    rotation: new Rotation(db),
    poolStandings: new PoolStandings(db),
    tokens: new TokenTable(db),
    audit: new AuditLog(db),
    idempotencyKeys: new IdempotencyTable(db),
    close,
  };
}
