import type { TaskRow } from '../../store/tasks.ts';
import type { LogChunk, LogQuery } from '../../store/logs.ts';
import type { Parts } from '../parts.ts';

/** Chunks read at once; a chunk has up to 64 KiB. */
const PAGE = 32;
export interface Part {
  no?: number;
  step?: number;
}

/**
 * Every chunk that is there now, after `after`, page by page. Who is following, and comes back for what is after the last
 * one, gets those whose place in the order is settled; the others the next time.
 */
export async function* chunksNow(
  { store }: Pick<Parts, 'store'>,
  task: TaskRow,
  part: Part & Pick<LogQuery, 'following'>,
  after: string,
): AsyncGenerator<LogChunk[]> {
  for (let cursor = after; ;) {
    const { chunks, more } = await store.logs.read(task.id, { ...part, after: cursor, limit: PAGE });
    if (chunks.length > 0) yield chunks;
    if (!more || chunks.length === 0) return;
    cursor = chunks.at(-1)?.cursor ?? cursor;
  }
}
