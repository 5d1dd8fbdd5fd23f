import { sql, type Kysely } from 'kysely';

const EVERY = 5 * 60_000;

/**
 * PGlite is PostgreSQL's single-user mode, which has nobody to do this: without a checkpoint the write-ahead log only grows
 * (161 MB after 137 MB of output), and the space of deleted rows is never used again. Takes turns with all other work.
 */
export async function upkeep<Schema>(db: Kysely<Schema>): Promise<void> {
  await sql`vacuum (analyze)`.execute(db);
  await sql`checkpoint`.execute(db);
}

/** Now and then, until it is told to stop. */
export function keepUp<Schema>(db: Kysely<Schema>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = upkeep(db).catch(() => undefined); // there is a next time
  }, EVERY);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
