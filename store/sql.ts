import { sql, type RawBuilder } from 'kysely';

/**
 * Rows as one JSON parameter, so that one statement takes any number of them, in PostgreSQL and PGlite alike:
 * ``sql`select no from ${rows(list, 'no int, reason text')}` ``; SQL calls them `w`.
 */
export function rows(list: readonly Record<string, unknown>[], columns: string): RawBuilder<unknown> {
  const json = JSON.stringify(list, (_, value: unknown) => (typeof value === 'string' ? storable(value) : value));
  return sql`json_to_recordset(${json}::text::json) as w(${sql.raw(columns)})`;
}

/** Without what PostgreSQL's text cannot hold (NUL, half a surrogate pair): a node's output must never fail a write. */
export function storable(text: string): string {
  return text.replace(/\0/g, '').replace(/\p{Surrogate}/gu, '\ufffd');
}
