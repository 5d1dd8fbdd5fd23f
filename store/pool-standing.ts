import { sql, type Kysely } from 'kysely';

import { ENDED } from '../model/status.ts';
import type { Schema } from './schema.ts';

/** How a pool stands, in numbers. */
export interface PoolStanding {
  nodes: number;
  drained: number;
  /** A task of the pool that runs, or else the first that waits; null when there is none. */
  busy: string | null;
}

/** What who scales a pool needs to know of it, in one query. */
export class PoolStandings {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  async of({ id, name }: { id: number; name: string }): Promise<PoolStanding> {
    const { rows } = await sql<PoolStanding>`
      select count(*)::int as nodes, (count(*) filter (where drained_by <> ''))::int as drained,
        (select t.name from tasks t
         where (t.pool_id = ${id} or t.pool = ${name}) and t.status <> all(${[...ENDED]}::text[])
         order by t.started_at nulls last, t.seq limit 1) as busy
      from pool_nodes where pool_id = ${id}`.execute(this.#db);
    return rows[0] ?? { nodes: 0, drained: 0, busy: null };
  }
}
