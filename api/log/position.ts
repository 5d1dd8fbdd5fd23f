import { BadCursor } from '../../store/following.ts';

/** Before the first chunk of any log. */
export const START = '0.0';

/**
 * Where a follower of a log stands: it has every line that ended at or before `at`. Lines that were open there begin after
 * `openSince`, which is therefore where reading goes on.
 */
export interface Position {
  at: string;
  openSince?: string;
}

export function toEventId({ at, openSince }: Position): string {
  return openSince === undefined ? at : `${at}~${openSince}`;
}

/** Throws BadCursor. */
export function fromEventId(id: string): Position {
  const [, at, openSince] = /^(\d+\.\d+)(?:~(\d+\.\d+))?$/.exec(id) ?? [];
  if (at === undefined) throw new BadCursor(id);
  return openSince === undefined ? { at } : { at, openSince };
}

/** Cursors are `xid.seq`, and grow. */
export function isBefore(a: string, b: string): boolean {
  const [xidA = '', seqA = ''] = a.split('.');
  const [xidB = '', seqB = ''] = b.split('.');
  return xidA === xidB ? BigInt(seqA) < BigInt(seqB) : BigInt(xidA) < BigInt(xidB);
}
