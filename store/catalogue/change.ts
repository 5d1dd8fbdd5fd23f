import { sql, type Kysely } from 'kysely';

import type { Actor } from '../../model/actor.ts';
import type { Json } from '../../model/json.ts';
import { writeEntries, type Deed } from '../audit.ts';
import type { Schema } from '../schema.ts';
import { storableJson } from '../sql.ts';
import { NameTaken } from './errors.ts';

/** One change of the catalogue: its transaction, who makes it, and what it has done so far. */
export class Change {
  readonly db: Kysely<Schema>;
  readonly actor: Actor;
  readonly #deeds: Deed[] = [];

  constructor(db: Kysely<Schema>, actor: Actor) {
    this.db = db;
    this.actor = actor;
  }

  /** Changes come one after another, also those of other processes: this one's turn lasts until its transaction ends. */
  async turn(): Promise<void> {
    await sql`select pg_advisory_xact_lock(${TURN}::bigint)`.execute(this.db);
  }

  record(kind: string, verb: string, name: string, change: { before?: unknown; after?: unknown }): void {
    const { before, after } = change;
    this.#deeds.push({ action: `${kind}.${verb}`, kind, name, before: jsonOf(before), after: jsonOf(after) });
  }

  /**
   * Writes what was recorded. In a transaction in which a statement has failed this fails too, so that what `work` made of
   * the failure cannot pass for success.
   */
  async close(): Promise<void> {
    await writeEntries(this.db, this.actor, this.#deeds);
  }
}

/** Drover's own, among the advisory locks of a database. */
const TURN = 7_610_002;

function jsonOf(value: unknown): Json {
  return value === undefined ? null : storableJson(value as Json);
}

/** PostgreSQL's own checks, behind those made before: they hold when somebody writes past a change. */
export async function checked<Result>(
  kind: string,
  name: string,
  writing: Promise<Result>,
  missing?: Error,
): Promise<Result> {
  try {
    return await writing;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === '23505') throw new NameTaken(kind, name);
    if (code === '23503' && missing) throw missing;
    throw error;
  }
}

/** Sequences of PostgreSQL start after this one; OpenDCP's ids are no larger. */
const LARGEST_ID = 2 ** 31 - 1;

/** The id wanted, when it can be had. */
export async function freeId(
  db: Kysely<Schema>,
  table: string,
  wanted: number | undefined,
): Promise<number | undefined> {
  if (wanted === undefined || !Number.isSafeInteger(wanted) || wanted < 1 || wanted > LARGEST_ID) return undefined;
  const { rows } = await sql`select from ${sql.table(table)} where id = ${wanted}`.execute(db);
  return rows.length === 0 ? wanted : undefined;
}

/**
 * What is refused takes an id all the same, as it does in orion's database: a conversation with an orion and the same one
 * with Drover have the same ids in them.
 */
export async function takingAnId<Result>(db: Kysely<Schema>, table: string, check: Promise<Result>): Promise<Result> {
  try {
    return await check;
  } catch (error) {
    await sql`select nextval(pg_get_serial_sequence(${table}, 'id'))`.execute(db);
    throw error;
  }
}

/** Ids made from now on are larger. */
export async function passId(db: Kysely<Schema>, table: string, id: number): Promise<void> {
  const sequence = sql`pg_get_serial_sequence(${table}, 'id')`;
  await sql`
    select setval(${sequence}, greatest(${id}::bigint, coalesce(pg_sequence_last_value(${sequence}::regclass), 1)))`.execute(
    db,
  );
}
