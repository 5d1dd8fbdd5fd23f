import { sql, type Kysely } from 'kysely';

import type { Schema } from './schema.ts';

/** What only one of several processes does at a time. Time is the database's. */
export class Leases {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** For `ms` from now, unless somebody else has it. Who has it already has it for longer. */
  async take(name: string, holder: string, ms: number): Promise<boolean> {
    const { rows: taken } = await sql`
      insert into leases as l (name, holder, until)
      values (${name}, ${holder}, clock_timestamp() + ${ms}::float8 * interval '1 millisecond')
      on conflict (name) do update set holder = excluded.holder, until = excluded.until
        where l.holder = excluded.holder or l.until < clock_timestamp()
      returning name`.execute(this.#db);
    return taken.length > 0;
  }

  async release(name: string, holder: string): Promise<void> {
    await this.#db.deleteFrom('leases').where('name', '=', name).where('holder', '=', holder).execute();
  }
}
