import { isDeepStrictEqual } from 'node:util';
import { sql, type RawBuilder } from 'kysely';

import { storableJson } from '../sql.ts';
import { checked, freeId, passId, takingAnId, type Change } from './change.ts';
import { InUse, NameTaken, NoSuchReference, NotFound, VersionConflict, type User } from './errors.ts';
import { TableReader } from './reader.ts';
import type { Table } from './tables.ts';
import type { Row, Values, Writer } from './types.ts';

type Columns = Record<string, unknown>;

/** One kind of thing, within a change. */
export class TableWriter<Of extends Row, Filter extends object = object>
  extends TableReader<Of, Filter>
  implements Writer<Of, Filter>
{
  protected readonly change: Change;
  readonly #users: (row: Of) => Promise<User[]>;

  /** `users`: what uses a thing, which can therefore not be removed. */
  constructor(change: Change, table: Table<Of, Filter>, users: (row: Of) => Promise<User[]>) {
    super(change.db, table);
    this.change = change;
    this.#users = users;
  }

  async create(values: Values<Of> & { name: string }, options: { id?: number } = {}): Promise<Of> {
    const columns = { ...this.#empty(), ...this.#given(values) };
    await takingAnId(this.db, this.table.name, this.#check(columns));
    const id = await freeId(this.db, this.table.name, options.id);
    const row = await this.#insert(id === undefined ? columns : { id, ...columns });
    if (id !== undefined) await passId(this.db, this.table.name, id);
    this.change.record(this.table.kind, 'create', row.name, { after: this.#shown(row) });
    return row;
  }

  async update(id: number, values: Values<Of>, options: { version?: number } = {}): Promise<Of> {
    const before = await this.present(id, options.version);
    const old = this.#given(before);
    const columns = { ...old, ...this.#given(values) };
    if (isDeepStrictEqual(columns, old)) return before;
    await this.#check(columns, before);
    const row = await this.#set(before, columns);
    this.change.record(this.table.kind, 'update', row.name, { before: this.#shown(before), after: this.#shown(row) });
    return row;
  }

  async remove(id: number, options: { version?: number } = {}): Promise<Of> {
    const row = await this.present(id, options.version);
    const users = await this.#users(row);
    if (users.length > 0) throw new InUse(this.table.kind, row.name, users);
    const removing = sql`delete from ${this.from} where id = ${id}`.execute(this.db);
    await checked(this.table.kind, row.name, removing, new InUse(this.table.kind, row.name, []));
    this.change.record(this.table.kind, 'delete', row.name, { before: this.#shown(row) });
    return row;
  }

  /** What belongs to the thing has changed, and with it the thing. */
  async touch(id: number): Promise<void> {
    await sql`update ${this.from} set version = version + 1, updated_at = clock_timestamp() where id = ${id}`.execute(
      this.db,
    );
  }

  /** Throws NotFound, VersionConflict. */
  protected async present(id: number, version: number | undefined): Promise<Of> {
    const row = await this.get(id);
    if (!row) throw new NotFound(this.table.kind, id);
    if (version !== undefined && version !== row.version)
      throw new VersionConflict(this.table.kind, row.name, version, row.version);
    return row;
  }

  /** What a caller gave of the columns that are his to give, as the database will have it. */
  #given(values: object): Columns {
    const columns = new Set(['name', 'desc', ...Object.keys(this.table.columns)]);
    const named = Object.entries(values).filter(([column, value]) => columns.has(column) && value !== undefined);
    return storableJson<Columns>(Object.fromEntries(named));
  }

  /** As the audit keeps it. */
  #shown(row: Of): Columns {
    const { id, version } = row;
    return { id, version, ...this.#given(row) };
  }

  #empty(): Columns {
    const defaults = Object.entries<{ empty: unknown }>(this.table.columns);
    return { desc: '', ...Object.fromEntries(defaults.map(([column, { empty }]) => [column, empty])) };
  }

  async #check(columns: Columns, before?: Of): Promise<void> {
    const name = String(columns.name);
    const namesake = name === before?.name ? before : await this.named(name);
    if (namesake && namesake.id !== before?.id) throw new NameTaken(this.table.kind, name);
    const owner: (Owner & { table: string }) | undefined = this.table.owner;
    if (!owner) return;
    const id = columns[owner.column];
    const isThere =
      Number.isSafeInteger(id) &&
      (await sql`select from ${sql.table(owner.table)} where id = ${id}`.execute(this.db)).rows.length > 0;
    if (!isThere) throw noOwner(owner, columns);
  }

  async #insert(columns: Columns): Promise<Of> {
    const names = sql.join(Object.keys(columns).map((column) => sql.ref(column)));
    const values = sql.join(Object.entries(columns).map(([column, value]) => this.#value(column, value)));
    return this.#write(
      columns,
      sql<Of>`insert into ${this.from} (${names}) values (${values}) returning ${this.columns}`,
    );
  }

  async #set({ id }: Of, columns: Columns): Promise<Of> {
    const settings = Object.entries(columns).map(
      ([column, value]) => sql`${sql.ref(column)} = ${this.#value(column, value)}`,
    );
    return this.#write(
      columns,
      sql<Of>`
        update ${this.from} set ${sql.join(settings)}, version = version + 1, updated_at = clock_timestamp()
        where id = ${id} returning ${this.columns}`,
    );
  }

  async #write(columns: Columns, statement: RawBuilder<Of>): Promise<Of> {
    const { kind, owner } = this.table;
    const writing = statement.execute(this.db);
    const { rows } = await checked(kind, String(columns.name), writing, owner && noOwner(owner, columns));
    const [row] = rows;
    if (!row) throw new Error(`${kind} ${String(columns.name)} was not written`);
    return row;
  }

  #value(column: string, value: unknown): unknown {
    const columns: Record<string, { json?: true }> = this.table.columns;
    return columns[column]?.json && value !== null ? JSON.stringify(value) : value;
  }
}

interface Owner {
  column: string;
  kind: string;
}

function noOwner({ column, kind }: Owner, columns: Columns): NoSuchReference {
  return new NoSuchReference(column, kind, Number(columns[column]));
}
