import {
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
} from 'kysely';
import pg from 'pg';

import type { PGliteStream } from './pglite-stream.ts';
import { TYPES } from './pg-types.ts';

/** PGlite's one connection, taken in turns. */
export async function connectPGlite(stream: PGliteStream): Promise<PGliteDialect> {
  const client = new pg.Client({
    stream: () => stream,
    user: 'postgres',
    database: 'postgres',
    ssl: false,
    pipeline: true,
    types: TYPES,
  });
  client.on('error', () => undefined); // each query that is under way or comes rejects; without a listener the process ends
  await client.connect();
  return new PGliteDialect(client);
}

/** For Kysely: its PostgreSQL dialect wants pools and cannot name statements. */
class PGliteDialect implements Dialect {
  readonly #client: pg.Client;

  constructor(client: pg.Client) {
    this.#client = client;
  }

  createDriver(): Driver {
    return new PGliteDriver(this.#client);
  }

  createQueryCompiler(): PostgresQueryCompiler {
    return new PostgresQueryCompiler();
  }

  createAdapter(): PostgresAdapter {
    return new PostgresAdapter();
  }

  createIntrospector(db: Kysely<unknown>): PostgresIntrospector {
    return new PostgresIntrospector(db);
  }
}

class PGliteDriver implements Driver {
  readonly #client: pg.Client;
  readonly #connection: PGliteConnection;
  #turn: Promise<void> = Promise.resolve();
  #endTurn: () => void = () => undefined;

  constructor(client: pg.Client) {
    this.#client = client;
    this.#connection = new PGliteConnection(client);
  }

  init(): Promise<void> {
    return Promise.resolve();
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#turn;
    const { promise, resolve } = turn();
    this.#turn = promise;
    await before;
    this.#endTurn = resolve;
    return this.#connection;
  }

  /** Not waited for: it goes along with the transaction's first statement, which fails if this did. */
  beginTransaction(): Promise<void> {
    this.#client.query('begin').catch(() => undefined);
    return Promise.resolve();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  releaseConnection(): Promise<void> {
    this.#endTurn();
    return Promise.resolve();
  }

  async destroy(): Promise<void> {
    await this.#turn;
    await this.#client.end();
  }
}

/** So many statements are kept prepared. Drover's own are fewer; a safeguard for those whose text depends on a list. */
const PREPARED = 500;

/**
 * What is searched for decides how: a plan made for any value walks the whole table in its order, hoping to meet enough of
 * it soon, where an index finds what is rare at once (20,000 tasks: 30 ms against 1 ms). So these are planned each time.
 */
const SEARCHES = /\bilike\b|@>/;

class PGliteConnection implements DatabaseConnection {
  readonly #client: pg.Client;
  readonly #names = new Map<string, string>();

  constructor(client: pg.Client) {
    this.#client = client;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, rowCount } = await this.#client.query<Row & pg.QueryResultRow>({
      ...this.#name(query.sql),
      text: query.sql,
      values: [...query.parameters],
    });
    return { rows, numAffectedRows: BigInt(rowCount ?? 0) };
  }

  /** Drover streams nothing; Kysely's interface wants the method. */
  streamQuery(): never {
    throw new Error('PGlite has no cursors');
  }

  /** Under its name a statement is parsed and planned only once. */
  #name(text: string): { name?: string } {
    if (SEARCHES.test(text)) return {};
    const known = this.#names.get(text);
    if (known !== undefined) return { name: known };
    if (this.#names.size >= PREPARED) return {};
    const name = `drover_${this.#names.size}`;
    this.#names.set(text, name);
    return { name };
  }
}

function turn(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
