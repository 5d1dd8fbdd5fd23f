import { isDeepStrictEqual } from 'node:util';
import { sql, type Kysely } from 'kysely';

import type { Node } from '../../model/node.ts';
import type { Schema } from '../schema.ts';
import { anywhere, offsetOf, rows, storable, storableJson } from '../sql.ts';
import { checked, type Change } from './change.ts';
import { NameTaken, NotFound } from './errors.ts';
import type { PoolNodeRow, PoolNodes, PoolNodesWriter, PoolRow } from './types.ts';

const NODE = [
  ...(['id', 'poolId', 'name', 'address', 'node', 'vmId', 'status', 'nodeType', 'joinedAt'] as const),
  'drainedBy',
] as const;

export class PoolNodeReader implements PoolNodes {
  protected readonly db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.db = db;
  }

  async get(id: number): Promise<PoolNodeRow | undefined> {
    return Number.isSafeInteger(id) ? await this.#nodes().where('id', '=', id).executeTakeFirst() : undefined;
  }

  async page({ poolId, name, ...page }: Parameters<PoolNodes['page']>[0]): ReturnType<PoolNodes['page']> {
    if (!Number.isSafeInteger(poolId)) return { items: [], total: 0 };
    let matching = this.db.selectFrom('poolNodes').where('poolId', '=', poolId);
    if (name !== undefined) matching = matching.where('name', 'ilike', anywhere(name));
    const [items, { total }] = await Promise.all([
      matching.select(NODE).orderBy('id').limit(page.pageSize).offset(offsetOf(page)).execute(),
      matching.select((row) => row.fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
    ]);
    return { items, total };
  }

  async all(poolId: number): Promise<PoolNodeRow[]> {
    if (!Number.isSafeInteger(poolId)) return [];
    return await this.#nodes().where('poolId', '=', poolId).orderBy('id').execute();
  }

  async added(poolId: number): Promise<PoolNodeRow[]> {
    if (!Number.isSafeInteger(poolId)) return [];
    const isMachine = sql<boolean>`exists (
      select from machines m
      where m.pool_id = pool_nodes.pool_id and m.provider_id = pool_nodes.vm_id and m.ended_at is null)`;
    const nodes = this.#nodes().where('poolId', '=', poolId);
    return await nodes
      .where((row) => row.not(isMachine))
      .orderBy('id')
      .execute();
  }

  at(addresses: readonly string[]): Promise<PoolNodeRow[]> {
    const among = sql<boolean>`address = any(${addresses.map(storable)}::text[])`;
    return this.#nodes().where(among).orderBy('id').execute();
  }

  async counts(poolIds: readonly number[]): Promise<Map<number, number>> {
    const groups = await this.db
      .selectFrom('poolNodes')
      .select((row) => ['poolId', row.fn.countAll<number>().as('count')])
      .where(sql<boolean>`pool_id = any(${poolIds}::bigint[])`)
      .groupBy('poolId')
      .execute();
    const counts = new Map(poolIds.map((id) => [id, 0]));
    for (const { poolId, count } of groups) counts.set(poolId, count);
    return counts;
  }

  protected async among(ids: readonly number[]): Promise<PoolNodeRow[]> {
    const numbers = ids.filter((id) => Number.isSafeInteger(id));
    return await this.#nodes()
      .where(sql<boolean>`id = any(${numbers}::bigint[])`)
      .orderBy('id')
      .execute();
  }

  #nodes() {
    return this.db.selectFrom('poolNodes').select(NODE);
  }
}

interface Pools {
  get(id: number): Promise<PoolRow | undefined>;
  touch(id: number): Promise<void>;
}

/** Within a change. Its nodes are a part of a pool: the pool's version grows along. */
export class PoolNodeWriter extends PoolNodeReader implements PoolNodesWriter {
  readonly #change: Change;
  readonly #pools: Pools;

  constructor(change: Change, pools: Pools) {
    super(change.db);
    this.#change = change;
    this.#pools = pools;
  }

  async add(poolId: number, nodes: Parameters<PoolNodesWriter['add']>[1]): Promise<PoolNodeRow[]> {
    const pool = await this.#pools.get(poolId);
    if (!pool) throw new NotFound('pool', poolId);
    if (nodes.length === 0) return [];
    const names = nodes.map(({ node }) => storable(node.name));
    await this.#checkNames(pool, names);
    const list = nodes.map(({ node, vmId = '', nodeType = '', status = 0 }) => ({
      ...{ name: node.name, address: node.address, node: storableJson(node) },
      ...{ vm_id: vmId, node_type: nodeType, status },
    }));
    const adding = sql<PoolNodeRow>`
      insert into pool_nodes (pool_id, name, address, node, vm_id, node_type, status)
      select ${poolId}::bigint, name, address, node, vm_id, node_type, status
      from ${rows(list, 'name text, address text, node jsonb, vm_id text, node_type text, status int')}
      returning ${sql.join(NODE.map((column) => sql.ref(column)))}`.execute(this.db);
    const added = await checked('node', `of pool ${pool.name}`, adding, new NotFound('pool', poolId));
    await this.#record('add_nodes', pool, { after: names });
    return added.rows.sort((a, b) => a.id - b.id);
  }

  async remove(ids: readonly number[]): Promise<void> {
    const nodes = await this.among(ids);
    const missing = ids.filter((id) => !nodes.some((node) => node.id === id));
    if (missing.length > 0) throw new NotFound('node', missing);
    await this.#keepMachines(nodes);
    await sql`delete from pool_nodes where id = any(${nodes.map(({ id }) => id)}::bigint[])`.execute(this.db);
    for (const poolId of new Set(nodes.map((node) => node.poolId))) {
      const names = nodes.filter((node) => node.poolId === poolId).map(({ name }) => name);
      await this.#record('remove_nodes', await this.#pools.get(poolId), { before: names });
    }
  }

  async update(id: number, given: Node): Promise<void> {
    const before = await this.get(id);
    const pool = before && (await this.#pools.get(before.poolId));
    if (!pool) throw new NotFound('node', id);
    const node = storableJson(given);
    if (isDeepStrictEqual(node, before.node)) return;
    if (node.name !== before.name) await this.#checkNames(pool, [node.name]);
    const updating = this.db
      .updateTable('poolNodes')
      .set({ name: node.name, address: node.address, node: JSON.stringify(node) })
      .where('id', '=', id)
      .execute();
    await checked('node', node.name, updating);
    await this.#record('update_node', pool, { before: before.node, after: node });
  }

  /** Machines whose nodes leave the pool otherwise than by a shrink are nobody's then, and cost as before: they are listed. */
  async #keepMachines(nodes: readonly PoolNodeRow[]): Promise<void> {
    const reason = `taken out of the pool by ${this.#change.actor.name}`;
    await sql`
      update machines m set state = 'kept', reason = ${reason}
      from pool_nodes n
      where n.id = any(${nodes.map(({ id }) => id)}::bigint[])
        and m.pool_id = n.pool_id and m.provider_id = n.vm_id and m.ended_at is null and m.state = 'joined'`.execute(
      this.db,
    );
  }

  async #checkNames(pool: PoolRow, names: readonly string[]): Promise<void> {
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    const taken = await this.db
      .selectFrom('poolNodes')
      .select('name')
      .where('poolId', '=', pool.id)
      .where(sql<boolean>`name = any(${names}::text[])`)
      .limit(1)
      .executeTakeFirst();
    const name = twice ?? taken?.name;
    if (name !== undefined) throw new NameTaken('node', `${name} in pool ${pool.name}`);
  }

  async #record(verb: string, pool: PoolRow | undefined, change: { before?: unknown; after?: unknown }): Promise<void> {
    if (!pool) return;
    this.#change.record('pool', verb, pool.name, change);
    await this.#pools.touch(pool.id);
  }
}
