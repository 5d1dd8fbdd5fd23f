import { createHash } from 'node:crypto';

import type { Kysely } from 'kysely';

import type { Schema } from './schema.ts';

/** Files that tasks copy to nodes, kept once, by what they contain. */
export class Files {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  async put(bytes: Buffer): Promise<{ sha256: string; size: number }> {
    const file = { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
    if (await this.has(file.sha256)) return file;
    await this.#db
      .insertInto('files')
      .values({ ...file, bytes })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return file;
  }

  async has(sha256: string): Promise<boolean> {
    const file = await this.#db.selectFrom('files').select('size').where('sha256', '=', sha256).executeTakeFirst();
    return file !== undefined;
  }

  async get(sha256: string): Promise<Buffer | undefined> {
    const file = await this.#db.selectFrom('files').select('bytes').where('sha256', '=', sha256).executeTakeFirst();
    return file?.bytes;
  }
}
