import { sql, type Kysely } from 'kysely';

import type { Json } from '../model/json.ts';
import type { Answered, IdempotencyKeys } from './access.ts';
import type { Schema } from './schema.ts';

/** How long an answer is kept, and for how long a call without an answer counts as under way. Time is the database's. */
const KEPT = sql`interval '1 day'`;
const UNDER_WAY = sql`interval '1 minute'`;

type Begun = Awaited<ReturnType<IdempotencyKeys['begin']>>;

export class IdempotencyTable implements IdempotencyKeys {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  async begin(key: string, actor: string, request: string, plan: Json): Promise<Begun> {
    for (;;) {
      const begun =
        (await this.#insert(key, actor, request, plan)) ??
        (await this.#takeUp(key, actor, request)) ??
        (await this.#standing(key, actor, request));
      if (begun) return begun;
      // Else it was forgotten between two of these.
    }
  }

  async finish(key: string, actor: string, answer: Answered): Promise<void> {
    await this.#db
      .updateTable('idempotencyKeys')
      .set({ answer: JSON.stringify(answer) })
      .where('actor', '=', actor)
      .where('key', '=', key)
      .execute();
  }

  async forget(key: string, actor: string): Promise<void> {
    await this.#db.deleteFrom('idempotencyKeys').where('actor', '=', actor).where('key', '=', key).execute();
  }

  /** Old ones go along with each new one. */
  async #insert(key: string, actor: string, request: string, plan: Json): Promise<Begun | undefined> {
    await sql`delete from idempotency_keys where begun_at < clock_timestamp() - ${KEPT}`.execute(this.#db);
    const inserted = await this.#db
      .insertInto('idempotencyKeys')
      .values({ key, actor, request, plan: JSON.stringify(plan) })
      .onConflict((conflict) => conflict.doNothing())
      .returning('key')
      .executeTakeFirst();
    return inserted && { state: 'new', plan };
  }

  /** Whoever began it is gone. Of several that come to take it up, one does. */
  async #takeUp(key: string, actor: string, request: string): Promise<Begun | undefined> {
    const taken = await this.#db
      .updateTable('idempotencyKeys')
      .set({ begunAt: sql`clock_timestamp()` })
      .where('actor', '=', actor)
      .where('key', '=', key)
      .where('request', '=', request)
      .where('answer', 'is', null)
      .where(sql<boolean>`begun_at < clock_timestamp() - ${UNDER_WAY}`)
      .returning('plan')
      .executeTakeFirst();
    return taken && { state: 'again', plan: taken.plan };
  }

  async #standing(key: string, actor: string, request: string): Promise<Begun | undefined> {
    const known = await this.#db
      .selectFrom('idempotencyKeys')
      .select(['request', 'answer'])
      .where('actor', '=', actor)
      .where('key', '=', key)
      .executeTakeFirst();
    if (!known) return undefined;
    if (known.request !== request) return { state: 'mismatch' };
    return known.answer ? { state: 'answered', answer: known.answer } : { state: 'busy' };
  }
}
