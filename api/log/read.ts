import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskRow } from '../../store/tasks.ts';
import type { LogChunk } from '../../store/logs.ts';
import type { Parts } from '../parts.ts';

/** Chunks read at once; a chunk has up to 64 KiB. */
const PAGE = 32;
/** ms between two looks at chunks whose order is not settled yet, and for how long: they settle in a few ms. */
const UNSETTLED = 20;
const UNSETTLED_LOOKS = 50;

export interface Part {
  no?: number;
  step?: number;
}

/** Every chunk that is there now, after `after`, page by page; for who reads them once. */
export async function* allChunks(
  { store }: Pick<Parts, 'store'>,
  task: TaskRow,
  part: Part,
  after: string,
): AsyncGenerator<LogChunk[]> {
  let cursor = after;
  for (;;) {
    const { chunks, more } = await store.logs.read(task.id, { ...part, after: cursor, limit: PAGE });
    if (chunks.length > 0) yield chunks;
    if (!more) return;
    cursor = chunks.at(-1)?.cursor ?? cursor;
  }
}

/** The same for who comes back for what is after the last one: chunks whose place is not settled come the next time. */
export async function* settledChunks(
  { store }: Pick<Parts, 'store'>,
  task: TaskRow,
  part: Part,
  after: string,
): AsyncGenerator<LogChunk[]> {
  let cursor = after;
  for (let looks = 0; looks < UNSETTLED_LOOKS;) {
    const { chunks, more } = await store.logs.read(task.id, { ...part, after: cursor, limit: PAGE, following: true });
    cursor = chunks.at(-1)?.cursor ?? cursor;
    if (chunks.length > 0) yield chunks;
    if (!more) return;
    if (chunks.length > 0) looks = 0;
    else {
      looks += 1;
      await sleep(UNSETTLED);
    }
  }
}
