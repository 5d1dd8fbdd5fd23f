import { sql, type Kysely } from 'kysely';

import type { Schema } from '../schema.ts';
import { storableJson } from '../sql.ts';
import { checked, type Change } from './change.ts';
import { NameTaken, NotFound } from './errors.ts';
import type {
  CronItem,
  DependItem,
  ExecTaskRow,
  ExecTasks,
  ExecTasksWriter,
  ExecTaskValues,
  PoolFlags,
} from './types.ts';

const COLUMNS = ['id', 'poolId', 'type', 'execType', 'cronItems', 'dependItems'] as const;

export class ExecTaskReader implements ExecTasks {
  protected readonly db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.db = db;
  }

  async get(id: number): Promise<ExecTaskRow | undefined> {
    if (!Number.isSafeInteger(id)) return undefined;
    return await this.db.selectFrom('execTasks').select(COLUMNS).where('id', '=', id).executeTakeFirst();
  }

  async of(poolIds: readonly number[]): Promise<ExecTaskRow[]> {
    const ids = poolIds.filter(Number.isSafeInteger);
    if (ids.length === 0) return [];
    return await this.db.selectFrom('execTasks').select(COLUMNS).where('poolId', 'in', ids).orderBy('id').execute();
  }

  async flags(poolIds: readonly number[]): Promise<Map<number, PoolFlags>> {
    // Of a task that acts the items that are not ignored are schedules.
    const found = await sql<{ id: number } & PoolFlags>`
      with needed as (
        select distinct lower(d ->> 'pool') as name from pools, jsonb_array_elements(depends_on) d
        where depends_on is not null
      )
      select
        id,
        exists (select from schedules s where s.pool_id = p.id) or exists (
          select from exec_tasks t
          where t.pool_id = p.id and t.cron_items <> '[]'
            and ((t.type, t.exec_type) <> ('expand', 'crontab') or t.cron_items @> '[{"ignore": true}]')
        ) as has_cron,
        lower(name) in (select name from needed) as is_needed
      from pools p
      where id = any(${poolIds.filter(Number.isSafeInteger)}::bigint[])`.execute(this.db);
    return new Map(found.rows.map(({ id, hasCron, isNeeded }) => [id, { hasCron, isNeeded }]));
  }
}

export class ExecTaskWriter extends ExecTaskReader implements ExecTasksWriter {
  readonly #change: Change;

  constructor(change: Change) {
    super(change.db);
    this.#change = change;
  }

  async create(values: ExecTaskValues & { poolId: number }): Promise<ExecTaskRow> {
    const { poolId } = values;
    const { type, execType, cronItems, dependItems } = await this.#numbered(values);
    const inserting = this.db
      .insertInto('execTasks')
      .values({
        ...{ poolId, type, execType },
        cronItems: JSON.stringify(cronItems),
        dependItems: JSON.stringify(dependItems),
      })
      .returning(COLUMNS)
      .executeTakeFirstOrThrow();
    const row = await checked('exec_task', `of type ${type}`, inserting, new NotFound('pool', poolId));
    this.#change.record('exec_task', 'create', String(row.id), { after: row });
    return row;
  }

  async update(id: number, values: ExecTaskValues): Promise<ExecTaskRow> {
    const before = await this.get(id);
    if (!before) throw new NotFound('exec_task', id);
    const { type, execType, cronItems, dependItems } = await this.#numbered(values);
    const namesake = (await this.of([before.poolId])).find((one) => one.type === type && one.id !== id);
    if (namesake) throw new NameTaken('exec_task', `of type ${type}`);
    const row = await this.db
      .updateTable('execTasks')
      .set({ type, execType, cronItems: JSON.stringify(cronItems), dependItems: JSON.stringify(dependItems) })
      .where('id', '=', id)
      .returning(COLUMNS)
      .executeTakeFirstOrThrow();
    this.#change.record('exec_task', 'update', String(id), { before, after: row });
    return row;
  }

  /** The items with numbers that none has had. */
  async #numbered(values: ExecTaskValues): Promise<Omit<ExecTaskRow, 'id' | 'poolId'>> {
    const { type, execType, cronItems, dependItems } = storableJson<ExecTaskValues>(values);
    const cronIds = await this.#ids('exec_cron_items', cronItems.length);
    const dependIds = await this.#ids('exec_depend_items', dependItems.length);
    return {
      ...{ type, execType },
      cronItems: cronItems.map((item, i): CronItem => ({ ...item, id: cronIds[i] ?? 0 })),
      dependItems: dependItems.map((item, i): DependItem => ({ ...item, id: dependIds[i] ?? 0 })),
    };
  }

  async #ids(sequence: string, count: number): Promise<number[]> {
    const next = sql<{
      id: number;
    }>`select nextval(${sequence}::regclass) as id from generate_series(1, ${count}::int)`;
    return (await next.execute(this.db)).rows.map(({ id }) => id);
  }
}
