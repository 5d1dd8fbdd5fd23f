import { sql, type RawBuilder } from 'kysely';

/**
 * Rows in an order that a follower can rely on: what it has read past never gets a row before it. A sequence alone does
 * not do: a transaction that took an earlier number may commit later. So each row keeps its transaction's id, and a
 * reader takes only rows of transactions older than every one still under way. (A transaction that stays open anywhere
 * on the database server, having written, therefore holds followers up; nothing of Drover's does.)
 */
export const inOrder = {
  /** Rows after the cursor, settled or not. */
  after: (cursor: string | undefined): RawBuilder<boolean> => {
    const { xid, seq } = parse(cursor ?? '0.0');
    return sql<boolean>`(xid, seq) > (${xid}::text::xid8, ${seq}::bigint)`;
  },
  /** No row can come before this one any more. Of rows in order, the settled ones come first. */
  settled: sql<boolean>`xid < pg_snapshot_xmin(pg_current_snapshot())`,
  cursor: sql<string>`xid || '.' || seq`,
};

/** A cursor from outside that no read gave. */
export class BadCursor extends Error {
  override name = 'BadCursor';

  constructor(cursor: string) {
    super(`${JSON.stringify(cursor)} is no position; expected one that an earlier answer gave`);
  }
}

function parse(cursor: string): { xid: string; seq: string } {
  const [, xid, seq] = /^(\d{1,19})\.(\d{1,18})$/.exec(cursor) ?? [];
  if (xid === undefined || seq === undefined) throw new BadCursor(cursor);
  return { xid, seq };
}
