import { PostgresDialect, type Dialect } from 'kysely';
import pg from 'pg';

import { TYPES } from './pg-types.ts';

/** Room for the group commit's one transaction, and readers. */
const CONNECTIONS = 10;
const CONNECT_TIMEOUT = 10_000;

/** Throws, without the URL (it holds a password), when the server cannot be reached. */
export async function openPostgres(url: string): Promise<Dialect> {
  const place = describe(url);
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    keepAlive: true,
    application_name: 'drover',
    pipeline: true, // the statements of a transaction need not wait for each other
    types: TYPES,
  });
  // A connection that breaks, idle or (having failed its query) on its way back, is replaced by the pool; without these
  // listeners it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (connection) => connection.on('error', () => undefined));
  try {
    const connection = await pool.connect();
    connection.release();
  } catch (error) {
    await pool.end();
    throw new Error(
      `PostgreSQL at ${place} cannot be used: ${reasonOf(error)}. ` +
        'Check that it is running there and that the database URL has the right host, port, database, user and password.',
      { cause: error },
    );
  }
  return new PostgresDialect({ pool });
}

function describe(url: string): string {
  try {
    const { host, pathname, username } = new URL(url);
    return `${host || 'localhost'}${pathname} as ${decodeURIComponent(username) || 'the default user'}`;
  } catch {
    throw new Error('The database URL cannot be read; expected postgres://USER:PASSWORD@HOST:PORT/DATABASE');
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(String).join('; '); // each address of a name refused
  return error instanceof Error ? error.message : String(error);
}
