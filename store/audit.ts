import { sql, type Kysely, type Selectable } from 'kysely';

import type { Actor } from '../model/actor.ts';
import type { Json } from '../model/json.ts';
import type { Audit, AuditEntry, AuditQuery } from './access.ts';
import { Order } from './order.ts';
import type { Schema } from './schema.ts';
import { storable, storableJson } from './sql.ts';

/** What was done, or is about to be. */
export type Deed = Pick<AuditEntry, 'action' | 'kind' | 'name'> & { before?: Json; after?: Json };

type Row = Selectable<Schema['auditEntries']>;

const NEWEST = new Order<Row>(
  'audit',
  [
    { sql: sql`at`, type: 'time', of: ({ at }) => at },
    { sql: sql`id`, type: 'number', of: ({ id }) => id },
  ],
  { descending: true },
);

/** Who did what. Entries are only added; of one that was made beforehand the outcome follows. */
export class AuditLog implements Audit {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  async list({ limit, cursor, since, until, ...equal }: AuditQuery): Promise<{ items: AuditEntry[]; next?: string }> {
    let entries = this.#db
      .selectFrom('auditEntries')
      .selectAll()
      .orderBy(NEWEST.by)
      .limit(limit + 1);
    for (const column of ['actor', 'action', 'kind', 'name'] as const)
      if (equal[column] !== undefined) entries = entries.where(column, '=', storable(equal[column]));
    if (since) entries = entries.where('at', '>=', since);
    if (until) entries = entries.where('at', '<', until);
    if (cursor !== undefined) entries = entries.where(NEWEST.after(cursor));
    const { items, ...next } = NEWEST.page(await entries.execute(), limit);
    return { items: items.map(entryOf), ...next };
  }

  async write(actor: Actor, deed: Deed): Promise<void> {
    await writeEntries(this.#db, actor, [deed]);
  }

  async around<Result>(actor: Actor, deed: Deed, act: () => Promise<Result>): Promise<Result> {
    const [id] = await writeEntries(this.#db, actor, [deed], 'asked');
    try {
      const result = await act();
      await this.#close(id, 'ok');
      return result;
    } catch (error) {
      await this.#close(id, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** What happened has happened: an entry that cannot be closed stays at `asked`, which says that nobody knows. */
  async #close(id: number | undefined, outcome: string): Promise<void> {
    const closing = this.#db
      .updateTable('auditEntries')
      .set({ outcome: storable(outcome) })
      .where('id', '=', id ?? 0);
    await closing.execute().catch(() => undefined);
  }
}

/** In their order; within a transaction they stand or fall with it. Gives their ids. */
export async function writeEntries(
  db: Kysely<Schema>,
  actor: Actor,
  deeds: readonly Deed[],
  outcome = 'ok',
): Promise<number[]> {
  const ids: number[] = [];
  for (let from = 0; from < deeds.length; from += ENTRIES_A_STATEMENT) {
    const entries = deeds.slice(from, from + ENTRIES_A_STATEMENT).map((deed) => columnsOf(actor, deed, outcome));
    const written = await db.insertInto('auditEntries').values(entries).returning('id').execute();
    ids.push(...written.map(({ id }) => id));
  }
  return ids;
}

const ENTRIES_A_STATEMENT = 500;

function columnsOf(actor: Actor, { action, kind, name, before = null, after = null }: Deed, outcome: string) {
  return {
    actor: storable(actor.name),
    role: actor.role,
    via: actor.via,
    fromAddress: actor.from,
    ...{ action, kind, name: storable(name), outcome },
    before: before === null ? null : JSON.stringify(storableJson(before)),
    after: after === null ? null : JSON.stringify(storableJson(after)),
  };
}

function entryOf({ actor, role, via, fromAddress, ...entry }: Row): AuditEntry {
  return { ...entry, actor: { name: actor, role, via, from: fromAddress } };
}
