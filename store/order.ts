import { sql, type RawBuilder } from 'kysely';

import { BadCursor } from './following.ts';
import { storable } from './sql.ts';

/** What a list is sorted by; of several the first counts most, and together they tell any two rows apart. */
export interface Key<Row> {
  sql: RawBuilder<unknown>;
  /** `folded`: a text whose case does not count. */
  type: 'text' | 'folded' | 'number' | 'time';
  /** Null: a time that has not come, which is after all others. */
  of(row: Row): string | number | Date | null;
}

/**
 * The order of a list that is read page by page: a page begins after the last row of the one before, wherever rows have come
 * or gone meanwhile. That row's place is the cursor.
 */
export class Order<Row> {
  readonly #name: string;
  readonly #keys: readonly Key<Row>[];
  readonly #descending: boolean;

  /** `name`: of the list and what it is sorted by. A cursor of another one is refused. */
  constructor(name: string, keys: readonly Key<Row>[], { descending }: { descending: boolean }) {
    this.#name = `${name} ${descending ? 'down' : 'up'}`;
    this.#keys = keys;
    this.#descending = descending;
  }

  get by(): RawBuilder<unknown> {
    return sql.join(this.#keys.map((key) => (this.#descending ? sql`${key.sql} desc` : key.sql)));
  }

  /** Rows after the one that the cursor tells of. Throws BadCursor. */
  after(cursor: string): RawBuilder<boolean> {
    const keys = sql.join(this.#keys.map((key) => key.sql));
    const place = sql.join(this.#read(cursor));
    return this.#descending ? sql<boolean>`(${keys}) < (${place})` : sql<boolean>`(${keys}) > (${place})`;
  }

  /** Of what was read, one row more than a page when there is more: the page, and the next one's cursor. */
  page(found: Row[], limit: number): { items: Row[]; next?: string } {
    const items = found.slice(0, limit);
    const last = items.at(-1);
    return { items, ...(last && found.length > limit && { next: this.#write(last) }) };
  }

  #write(row: Row): string {
    const place = this.#keys.map((key) => {
      const value = key.of(row);
      return value instanceof Date ? value.getTime() : value;
    });
    return Buffer.from(JSON.stringify([this.#name, ...place])).toString('base64url');
  }

  #read(cursor: string): RawBuilder<unknown>[] {
    const [name, ...place] = parse(cursor);
    if (name !== this.#name || place.length !== this.#keys.length) throw new BadCursor(cursor);
    return this.#keys.map(({ type }, index) => {
      const value = valueOf(type, place[index]);
      if (!value) throw new BadCursor(cursor);
      return value;
    });
  }
}

function parse(cursor: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    throw new BadCursor(cursor);
  }
}

/** ms on either side of 1970 that PostgreSQL and JavaScript both can tell. */
const MOST_MS = 8e15;

function valueOf(type: Key<unknown>['type'], value: unknown): RawBuilder<unknown> | undefined {
  if (type === 'text') return typeof value === 'string' ? sql`${storable(value)}::text` : undefined;
  if (type === 'folded') return typeof value === 'string' ? sql`lower(${storable(value)}::text)` : undefined;
  if (type === 'time' && value === null) return sql`'infinity'::timestamptz`;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return undefined;
  if (type === 'number') return sql`${value}::bigint`;
  return Math.abs(value) <= MOST_MS ? sql`${new Date(value)}::timestamptz` : undefined;
}
