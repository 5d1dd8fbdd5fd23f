import { sql, type Kysely } from 'kysely';

const EVERY = 5 * 60_000;

/** Plans made while tables were small do for so long after they have grown. */
const PLANS_LAST = 30_000;

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
  const now = (work: Promise<unknown>) => {
    running = Promise.all([running, work.catch(() => undefined)]).then(() => undefined); // there is a next time
  };
  const timers = [
    setInterval(() => now(upkeep(db)), EVERY),
    setInterval(() => now(sql`discard plans`.execute(db)), PLANS_LAST),
  ];
  for (const timer of timers) timer.unref();
  return async () => {
    for (const timer of timers) clearInterval(timer);
    await running;
  };
}
