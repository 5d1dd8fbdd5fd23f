import { sql, type Kysely, type RawBuilder } from 'kysely';

import type { Json } from '../model/json.ts';
import { IS_ON_NODE, RUNNING, taskOf } from './rotation.ts';
import type { Schema } from './schema.ts';
import { storable } from './sql.ts';

/**
 * `draining`: out of rotation, and a task still has it. `drained`: out of rotation. `failed`: in rotation, but the last task
 * over it did not go well there. `active`: in rotation.
 */
export const STANDINGS = ['active', 'draining', 'drained', 'failed'] as const;
export type Standing = (typeof STANDINGS)[number];

/** A node of any pool, as it stands. */
export interface StandingNode {
  id: number;
  name: string;
  pool: string;
  poolId: number;
  service: string;
  /** The service's. */
  type: string;
  status: Standing;
  /** Empty for none. */
  address: string;
  /** The vendor's id of the machine; empty for none. */
  providerId: string;
  /** Empty while in rotation; a task's name, or who took it out. */
  drainedBy: string;
  joinedAt: Date;
}

export interface StandingQuery {
  type?: string;
  status?: Standing;
  pool?: string;
  name?: string;
  /** Only nodes of greater ids. */
  after?: number;
  limit: number;
}

/** The nodes of all pools, and what is kept with them. */
export class NodesOfPools {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** By id. `next`: what `after` is for those that follow. */
  async list({ type, status, pool, name, after, limit }: StandingQuery): Promise<{
    items: StandingNode[];
    next?: number;
  }> {
    const found = await this.#standing(
      [
        ...(after === undefined ? [] : [sql`id > ${after}::bigint`]),
        ...(type === undefined ? [] : [sql`type = ${storable(type)}`]),
        ...(status === undefined ? [] : [sql`status = ${status}`]),
        ...(pool === undefined ? [] : [sql`lower(pool) = lower(${storable(pool)})`]),
        ...(name === undefined ? [] : [sql`name = ${storable(name)}`]),
      ],
      limit + 1,
    );
    const items = found.slice(0, limit);
    const last = items.at(-1);
    return { items, ...(found.length > limit && last && { next: last.id }) };
  }

  async get(id: number): Promise<StandingNode | undefined> {
    const [node] = await this.#standing([sql`id = ${id}::bigint`], 1);
    return node;
  }

  /** Null when nothing was put there; undefined when there is no such node. */
  async meta(id: number): Promise<Json | undefined> {
    const row = await this.#db.selectFrom('poolNodes').select('meta').where('id', '=', id).executeTakeFirst();
    return row?.meta;
  }

  /** In place of what was there. */
  async setMeta(id: number, meta: Json): Promise<void> {
    const value = meta === null ? null : JSON.stringify(meta);
    await this.#db.updateTable('poolNodes').set({ meta: value }).where('id', '=', id).execute();
  }

  async #standing(conditions: readonly RawBuilder<unknown>[], limit: number): Promise<StandingNode[]> {
    const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`;
    const { rows } = await sql<StandingNode>`
      select * from (
        select p.id, p.name, pools.name as pool, p.pool_id, services.name as service, services.service_type as type,
          ${STANDING} as status, p.address, p.vm_id as provider_id, coalesce(${taskOf('name')}, p.drained_by) as drained_by,
          p.joined_at
        from pool_nodes p join pools on pools.id = p.pool_id join services on services.id = pools.service_id
      ) standing ${where} order by id limit ${limit}`.execute(this.#db);
    return rows;
  }
}

const STANDING = sql`case
  when p.drained_by <> '' and exists (select from ${RUNNING} where ${IS_ON_NODE}) then 'draining'
  when p.drained_by <> '' then 'drained'
  when p.status = 3 then 'failed'
  else 'active' end`;
