import { createHash, randomBytes } from 'node:crypto';

import { sql, type Kysely } from 'kysely';

import type { Actor, Role } from '../model/actor.ts';
import type { TokenRow, Tokens } from './access.ts';
import { writeEntries } from './audit.ts';
import { NameTaken, NotFound } from './catalogue/errors.ts';
import type { Schema } from './schema.ts';
import { storable } from './sql.ts';

const TOKEN = ['id', 'name', 'role', 'createdAt', 'createdBy', 'lastUsedAt', 'revokedAt'] as const;

/** How often its last use is written, in ms. */
const USED_EVERY = 60_000;

/** Only hashes are kept: 32 random bytes need no salt. Names are unique among live tokens, without regard to case. */
export class TokenTable implements Tokens {
  readonly #db: Kysely<Schema>;
  /** When this process wrote it last, by token, in ms. */
  readonly #written = new Map<number, number>();

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  async create(
    actor: Actor,
    { name, role }: { name: string; role: Role },
  ): Promise<{ token: TokenRow; secret: string }> {
    const secret = `drv_${randomBytes(32).toString('base64url')}`;
    const token = await this.#db.transaction().execute(async (transaction) => {
      const created = await transaction
        .insertInto('tokens')
        .values({ name: storable(name), role, sha256: hash(secret), createdBy: storable(actor.name) })
        .onConflict((conflict) => conflict.doNothing())
        .returning(TOKEN)
        .executeTakeFirst();
      if (!created) throw new NameTaken('token', name);
      await writeEntries(transaction, actor, [{ action: 'token.create', kind: 'token', name, after: { role } }]);
      return created;
    });
    return { token, secret };
  }

  list({ revoked = false } = {}): Promise<TokenRow[]> {
    const tokens = this.#db.selectFrom('tokens').select(TOKEN).orderBy('id', 'desc');
    return (revoked ? tokens : tokens.where('revokedAt', 'is', null)).execute();
  }

  async revoke(actor: Actor, name: string): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      const revoked = await transaction
        .updateTable('tokens')
        .set({ revokedAt: sql`clock_timestamp()` })
        .where(sql<boolean>`lower(name) = lower(${storable(name)})`)
        .where('revokedAt', 'is', null)
        .returning(['name', 'role'])
        .executeTakeFirst();
      if (!revoked) throw new NotFound('token', name);
      const { role } = revoked;
      await writeEntries(transaction, actor, [
        { action: 'token.revoke', kind: 'token', name: revoked.name, before: { role } },
      ]);
    });
  }

  async find(secret: string): Promise<TokenRow | undefined> {
    if (!/^drv_[\w-]{43}$/.test(secret)) return undefined;
    const token = this.#db.selectFrom('tokens').select(TOKEN).where('sha256', '=', hash(secret));
    return await token.where('revokedAt', 'is', null).executeTakeFirst();
  }

  async used(id: number): Promise<void> {
    const now = Date.now();
    if (now - (this.#written.get(id) ?? 0) < USED_EVERY) return;
    this.#written.set(id, now);
    await sql`
      update tokens set last_used_at = clock_timestamp()
      where id = ${id} and coalesce(last_used_at, '-infinity') < clock_timestamp() - interval '1 minute'`.execute(
      this.#db,
    );
  }

  async count(): Promise<number> {
    const { live } = await this.#db
      .selectFrom('tokens')
      .select((row) => row.fn.countAll<number>().as('live'))
      .where('revokedAt', 'is', null)
      .executeTakeFirstOrThrow();
    return live;
  }
}

function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
