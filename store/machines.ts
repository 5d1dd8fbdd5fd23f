import { sql, type Kysely, type RawBuilder, type Selectable } from 'kysely';

import type { Node } from '../model/node.ts';
import { ENDED } from '../model/status.ts';
import type { MachineState, Schema } from './schema.ts';
import { rows } from './sql.ts';

export type MachineRow = Selectable<Schema['machines']>;
export type CreationRow = Selectable<Schema['creations']>;

/** A machine that costs money and is no node of the pool. */
export interface Unreleased {
  providerId: string;
  /** The name of the task that it was made for; null when that is not known. */
  task: string | null;
  reason: string;
}

/**
 * Every machine that providers have made for Drover, until it is given back, and every request for machines, written before
 * it goes out. Nothing here is edited by people.
 */
export class Machines {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Those that are not given back yet, oldest first. */
  live(poolId: number): Promise<MachineRow[]> {
    return this.#db
      .selectFrom('machines')
      .selectAll()
      .where('poolId', '=', poolId)
      .where('endedAt', 'is', null)
      .orderBy('id')
      .execute();
  }

  /** The live ones among those that were made for a task, oldest first. */
  ofTask(taskId: string): Promise<MachineRow[]> {
    return this.#db
      .selectFrom('machines')
      .selectAll()
      .where('taskId', '=', taskId)
      .where('endedAt', 'is', null)
      .orderBy('id')
      .execute();
  }

  async unreleased(poolId: number): Promise<Unreleased[]> {
    const machines = await this.#db
      .selectFrom('machines')
      .leftJoin('tasks', 'tasks.id', 'machines.taskId')
      .select(['machines.providerId', 'tasks.name as task', 'tasks.status', 'machines.reason', 'machines.state'])
      .where('machines.poolId', '=', poolId)
      .where('machines.endedAt', 'is', null)
      .where('machines.state', '!=', 'joined')
      .where(
        sql<boolean>`not exists (
        select from pool_nodes p where p.pool_id = machines.pool_id and p.vm_id = machines.provider_id)`,
      )
      .orderBy('machines.id')
      .execute();
    return machines
      .filter(({ status, state }) => state === 'kept' || status === null || ENDED.includes(status))
      .map(({ providerId, task, reason }) => ({ providerId, task, reason }));
  }

  /** Counts the pool's nodes on by so many; the last number is never used again, nor are those before it. */
  async count(poolId: number, by: number): Promise<number> {
    const { nodesMade } = await this.#db
      .updateTable('pools')
      .set((pool) => ({ nodesMade: pool('nodesMade', '+', by) }))
      .where('id', '=', poolId)
      .returning('nodesMade')
      .executeTakeFirstOrThrow();
    return nodesMade;
  }

  /* ---- requests for machines ---- */

  async ask(creation: Pick<CreationRow, 'key' | 'poolId' | 'taskId' | 'count' | 'known'>): Promise<CreationRow> {
    return await this.#db
      .insertInto('creations')
      .values({ ...creation, known: JSON.stringify(creation.known) })
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  /** Requests of which nobody knows yet what became of them, oldest first. */
  unanswered(poolId: number): Promise<CreationRow[]> {
    return this.#db
      .selectFrom('creations')
      .selectAll()
      .where('poolId', '=', poolId)
      .where('state', '=', 'asked')
      .orderBy('at')
      .execute();
  }

  /** Those of all pools that have their machines from the same vendor. */
  unansweredBeside(poolId: number): Promise<CreationRow[]> {
    return this.#db
      .selectFrom('creations')
      .selectAll()
      .where(sql<boolean>`pool_id in (${sharing(poolId)})`)
      .where('state', '=', 'asked')
      .execute();
  }

  /** These machines are of this request. Ones that are known already stay as they are, also those given back meanwhile. */
  async answered({ key, poolId, taskId }: CreationRow, providerIds: readonly string[]): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      const list = providerIds.map((id, place) => ({ provider_id: id, place }));
      await sql`
        insert into machines (pool_id, task_id, provider_id, state)
        select ${poolId}::bigint, ${taskId}::uuid, provider_id, 'made' from ${rows(list, 'provider_id text, place int')}
        where not exists (select from machines m where m.task_id = ${taskId}::uuid and m.provider_id = w.provider_id)
        order by place
        on conflict (pool_id, provider_id) where ended_at is null do nothing`.execute(transaction);
      await transaction.updateTable('creations').set({ state: 'answered' }).where('key', '=', key).execute();
    });
  }

  async unmade({ key }: CreationRow, state: 'lost' | 'nothing'): Promise<void> {
    await this.#db.updateTable('creations').set({ state }).where('key', '=', key).execute();
  }

  /** Requests of a task that had no reply, and of which no machine was found. */
  async lost(taskId: string): Promise<CreationRow[]> {
    return await this.#db
      .selectFrom('creations')
      .selectAll()
      .where('taskId', '=', taskId)
      .where('state', 'in', ['asked', 'lost'])
      .orderBy('at')
      .execute();
  }

  /** Those of these ids that somebody has already: live machines and nodes of the pool, and of others of the same vendor. */
  async owned(poolId: number, providerIds: readonly string[]): Promise<Set<string>> {
    const { rows: owned } = await sql<{ id: string }>`
      select provider_id as id from machines
      where ended_at is null and pool_id in (${sharing(poolId)}) and provider_id = any(${providerIds}::text[])
      union
      select vm_id from pool_nodes
      where pool_id in (${sharing(poolId)}) and vm_id = any(${providerIds}::text[])`.execute(this.#db);
    return new Set(owned.map(({ id }) => id));
  }

  /* ---- machines ---- */

  /** Writes down machines before they are taken, or found ones; those that are known already stay as they are. */
  async note(
    poolId: number,
    taskId: string | null,
    machines: readonly { providerId: string; no: number | null; try: number; state: MachineState; reason?: string }[],
  ): Promise<void> {
    const list = machines.map(({ providerId, ...machine }) => ({ provider_id: providerId, ...machine }));
    await sql`
      insert into machines (pool_id, task_id, provider_id, no, try, state, reason)
      select ${poolId}::bigint, ${taskId}::uuid, provider_id, no, try, state, coalesce(reason, '')
      from ${rows(list, 'provider_id text, no int, try int, state text, reason text')}
      on conflict (pool_id, provider_id) where ended_at is null do nothing`.execute(this.#db);
  }

  /** Those of these ids that were never written down, not even to be given back. */
  async unknown(poolId: number, providerIds: readonly string[]): Promise<string[]> {
    const known = await this.#db
      .selectFrom('machines')
      .select('providerId')
      .where('poolId', '=', poolId)
      .where(sql<boolean>`provider_id = any(${providerIds}::text[])`)
      .execute();
    const ids = new Set(known.map(({ providerId }) => providerId));
    return providerIds.filter((id) => !ids.has(id));
  }

  /** Machines that are of no node yet become those of nodes of their task. */
  async assign(places: readonly { id: number; no: number; try: number }[]): Promise<void> {
    if (places.length === 0) return;
    await sql`
      update machines m set no = w.no, try = w.try
      from ${rows(places, 'id bigint, no int, try int')}
      where m.id = w.id and m.no is null and m.state = 'made'`.execute(this.#db);
  }

  /** They run, and can be reached there. */
  async ready(machines: readonly { id: number; address: string }[]): Promise<void> {
    if (machines.length === 0) return;
    await sql`
      update machines m set address = w.address, ready_at = coalesce(ready_at, clock_timestamp())
      from ${rows(machines, 'id bigint, address text')} where m.id = w.id`.execute(this.#db);
  }

  /** What is `spoiled` is of no node any more: that one gets another. Without a new reason the last one stays. */
  async become(ids: readonly number[], state: MachineState, reason?: string): Promise<void> {
    if (ids.length === 0) return;
    await this.#db
      .updateTable('machines')
      .set({
        state,
        ...(reason !== undefined && { reason }),
        ...(state === 'returned' && { endedAt: new Date() }),
        ...(state === 'spoiled' && { no: null }),
      })
      .where(sql<boolean>`id = any(${ids}::bigint[])`)
      .execute();
  }

  /** They could not be given back: those of nodes stay theirs, the others are to be given back later. */
  async notReturned(ids: readonly number[], reason: string): Promise<void> {
    await sql`
      update machines m set reason = ${reason}, state = case when exists (
        select from pool_nodes p where p.pool_id = m.pool_id and p.vm_id = m.provider_id) then 'joined' else 'leaving' end
      where id = any(${ids}::bigint[])`.execute(this.#db);
  }

  /** Those of a task whose nodes are nodes of the pool by now. */
  async joined(taskId: string, poolId: number): Promise<void> {
    await sql`
      update machines m set state = 'joined', reason = ''
      from nodes n join pool_nodes p on p.pool_id = ${poolId} and p.name = n.name
      where m.task_id = ${taskId} and m.ended_at is null and m.state = 'made'
        and n.task_id = m.task_id and n.no = m.no and n.status = 'ok'`.execute(this.#db);
  }

  /** Nodes of an expansion that are ok and were made machines, which are not in the pool yet; by their machines' ids. */
  async toJoin(taskId: string, poolId: number): Promise<{ node: Node; providerId: string }[]> {
    const { rows: nodes } = await sql<{ node: Node; providerId: string }>`
      select n.node, m.provider_id from nodes n
      join machines m on (m.task_id, m.no) = (n.task_id, n.no) and m.ended_at is null and m.state = 'made'
      where n.task_id = ${taskId} and n.status = 'ok'
        and not exists (select from pool_nodes p where p.pool_id = ${poolId} and p.name = n.name)
      order by n.no`.execute(this.#db);
    return nodes;
  }

  /** Names of a task's nodes that are ok. */
  async okNames(taskId: string): Promise<string[]> {
    const nodes = await this.#db
      .selectFrom('nodes')
      .select('name')
      .where('taskId', '=', taskId)
      .where('status', '=', 'ok')
      .execute();
    return nodes.map(({ name }) => name);
  }

  /** They stay, and are of nobody. What their nodes came to is why. */
  async keepBack(ids: readonly number[]): Promise<void> {
    await sql`
      update machines m set state = 'kept',
        reason = coalesce(nullif(m.reason, ''), (
          select coalesce(nullif(n.reason, ''), n.status) from nodes n where (n.task_id, n.no) = (m.task_id, m.no)), '')
      where id = any(${ids}::bigint[])`.execute(this.#db);
  }

  /**
   * Nodes of an expansion whose machines are gone begin anew: nothing of what was done on the old machine is there on the next
   * one. Those whose machines were kept go on with them.
   */
  async beginAnew(taskId: string): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      const without = sql`
        select no from nodes n where n.task_id = ${taskId} and n.status not in ('ok', 'skipped')
          and not exists (select from machines m where m.task_id = n.task_id and m.no = n.no
            and m.ended_at is null and m.state in ('made', 'kept'))`;
      await sql`
        update steps set status = 'pending', reason = '', exit_code = null, finished_at = null
        where task_id = ${taskId} and no in (${without})`.execute(transaction);
      await sql`
        update nodes set node = jsonb_set(node, '{address}', '""')
        where task_id = ${taskId} and no in (${without})`.execute(transaction);
      await sql`
        update machines set state = 'made', reason = ''
        where task_id = ${taskId} and ended_at is null and state = 'kept' and no is not null`.execute(transaction);
    });
  }

  /**
   * Tasks that have ended and left machines or requests that somebody has to look after. Where another task has the pool, it may
   * be at those machines itself.
   */
  async unsettled(): Promise<string[]> {
    const { rows: tasks } = await sql<{ id: string }>`
      select t.id from tasks t
      where t.status = any(${ENDED}::text[]) and t.pool_id is not null and (
        exists (select from machines m where m.task_id = t.id and m.ended_at is null and m.state in ('made', 'spoiled', 'leaving'))
        or exists (select from creations c where c.task_id = t.id and c.state in ('asked', 'lost')))
        and not exists (select from tasks o where o.pool_id = t.pool_id and o.started_at is not null
          and o.status <> all(${ENDED}::text[]))
      order by t.seq`.execute(this.#db);
    return tasks.map(({ id }) => id);
  }

  /* ---- what a try of a group action keeps ---- */

  async kept(at: GroupTry): Promise<string | undefined> {
    const row = await this.#db
      .selectFrom('groupTries')
      .select('kept')
      .where((one) => one.and({ ...at }))
      .executeTakeFirst();
    return row?.kept;
  }

  async keep(at: GroupTry, kept: string): Promise<void> {
    await this.#db
      .insertInto('groupTries')
      .values({ ...at, kept })
      .onConflict((conflict) => conflict.columns(['taskId', 'step', 'batch', 'try']).doUpdateSet({ kept }))
      .execute();
  }
}

/** Ids of the pools whose provider is at the same address: machines of the one may be in the list of the other. */
function sharing(poolId: number): RawBuilder<unknown> {
  return sql`
    select one.id from pools one join pools own on own.id = ${poolId}
    where one.id = own.id
      or jsonb_path_query_first(one.provider, '$.*.endpoint') = jsonb_path_query_first(own.provider, '$.*.endpoint')`;
}

export interface GroupTry {
  taskId: string;
  step: number;
  batch: number;
  try: number;
}
