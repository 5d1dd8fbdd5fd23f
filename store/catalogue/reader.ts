import { sql, type Kysely, type RawBuilder } from 'kysely';

import { Order, type Key } from '../order.ts';
import { rowsOf } from '../row-counts.ts';
import type { Schema } from '../schema.ts';
import { anywhere, offsetOf, storable } from '../sql.ts';
import type { Table } from './tables.ts';
import type { ListQuery, PageQuery, Reader, Row } from './types.ts';

/** One kind of thing, read from its table. */
export class TableReader<Of extends Row, Filter extends object = object> implements Reader<Of, Filter> {
  protected readonly db: Kysely<Schema>;
  protected readonly table: Table<Of, Filter>;

  constructor(db: Kysely<Schema>, table: Table<Of, Filter>) {
    this.db = db;
    this.table = table;
  }

  async get(id: number): Promise<Of | undefined> {
    if (!Number.isSafeInteger(id)) return undefined;
    const [row] = await this.#select(sql`where id = ${id}`);
    return row;
  }

  async named(name: string): Promise<Of | undefined> {
    const [row] = await this.#select(sql`where lower(name) = lower(${storable(name)}::text)`);
    return row;
  }

  async list({ limit, search, sort, cursor, filter }: ListQuery<Filter>): Promise<{ items: Of[]; next?: string }> {
    const order = this.#order(sort);
    const conditions = this.#conditions(filter);
    if (search !== undefined) {
      const pattern = anywhere(search);
      conditions.push(sql`(name ilike ${pattern} or "desc" ilike ${pattern})`);
    }
    if (cursor !== undefined) conditions.push(order.after(cursor));
    const found = await this.#select(sql`${where(conditions)} order by ${order.by} limit ${limit + 1}`);
    return order.page(found, limit);
  }

  async page(query: PageQuery<Filter>): Promise<{ items: Of[]; total: number }> {
    const conditions = this.#conditions(query.filter);
    if (query.name !== undefined) conditions.push(sql`name ilike ${anywhere(query.name)}`);
    const order = query.order === 'oldest' ? sql`id` : sql`id desc`;
    // What comes before the page is passed over in an index; only the page's rows are read.
    const chosen = sql`
      select id from ${this.from} ${where(conditions)} order by ${order}
      limit ${query.pageSize} offset ${offsetOf(query)}`;
    const [items, total] = await Promise.all([
      this.#select(sql`where id in (${chosen}) order by ${order}`),
      conditions.length === 0 ? rowsOf(this.db, this.table.name) : this.#count(conditions),
    ]);
    return { items, total };
  }

  all(filter?: Filter): Promise<Of[]> {
    return this.#select(sql`${where(this.#conditions(filter))} order by id`);
  }

  protected get from(): RawBuilder<unknown> {
    return sql.table(this.table.name);
  }

  /** All columns of a row, for `select` and `returning`. */
  protected get columns(): RawBuilder<unknown> {
    return sql.join([...COMMON, ...Object.keys(this.table.columns)].map((column) => sql.ref(column)));
  }

  async #select(rest: RawBuilder<unknown>): Promise<Of[]> {
    const { rows } = await sql<Of>`select ${this.columns} from ${this.from} ${rest}`.execute(this.db);
    return rows;
  }

  async #count(conditions: readonly RawBuilder<boolean>[]): Promise<number> {
    const { rows } = await sql<{ total: number }>`
      select count(*) as total from ${this.from} ${where(conditions)}`.execute(this.db);
    return rows[0]?.total ?? 0;
  }

  #conditions(filter: Filter | undefined): RawBuilder<boolean>[] {
    return filter ? this.table.matching(filter) : [];
  }

  #order(sort: ListQuery<Filter>['sort'] = { by: 'name', descending: false }): Order<Of> {
    return new Order<Of>(`${this.table.kind}s by ${sort.by}`, KEYS[sort.by], sort);
  }
}

const COMMON = ['id', 'name', 'desc', 'version', 'createdAt', 'updatedAt'];

const ID: Key<Row> = { sql: sql`id`, type: 'number', of: ({ id }) => id };

/** Each has an index. */
const KEYS: Record<NonNullable<ListQuery<object>['sort']>['by'], readonly Key<Row>[]> = {
  name: [{ sql: sql`lower(name)`, type: 'folded', of: ({ name }) => name }],
  id: [ID],
  updatedAt: [{ sql: sql`updated_at`, type: 'time', of: ({ updatedAt }) => updatedAt }, ID],
};

function where(conditions: readonly RawBuilder<boolean>[]): RawBuilder<unknown> {
  return conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`;
}
