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

/** The same for all texts of a value, keys included. What JSON does not know (undefined, dates) becomes what it makes of it. */
export function storableJson<Value>(value: Value): Value {
  const json = JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'string') return storable(part);
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [storable(key), inner as unknown]));
  }) as string | undefined;
  return json === undefined ? value : (JSON.parse(json) as Value);
}

/** For `ilike`: the text anywhere, without regard to case. */
export function anywhere(text: string): string {
  return `%${storable(text).replace(/[\\%_]/g, '\\$&')}%`;
}

/** A number that SQL takes, wherever a caller's page is. */
export function offsetOf({ page, pageSize }: { page: number; pageSize: number }): number {
  return Math.min((page - 1) * pageSize, Number.MAX_SAFE_INTEGER);
}
