import type { Kysely } from 'kysely';

import { inOrder } from './following.ts';
import { appendChunk, cutChunks, type Stream } from './log-writes.ts';
import type { JobRef } from './jobs.ts';
import type { Schema } from './schema.ts';
import { stepNames } from './step-names.ts';
import type { Writes } from './writes.ts';

export interface LogChunk {
  /** Pass as `after` to read on behind this chunk. */
  cursor: string;
  no: number;
  /** The node's name. */
  node: string;
  step: number;
  stepName: string;
  try: number;
  action: number;
  stream: Stream;
  offset: number;
  bytes: Buffer;
  at: Date;
}

export interface LogQuery {
  no?: number;
  step?: number;
  after?: string;
  /** The reader comes back for what is after this: then nothing may come before it later on (see following.ts). */
  following?: true;
  limit: number;
}

/** What commands put out, in chunks: one log per (task, node, step, try, action, stream). */
export class Logs {
  readonly #db: Kysely<Schema>;
  readonly #writes: Writes;

  constructor(db: Kysely<Schema>, writes: Writes) {
    this.#db = db;
    this.#writes = writes;
  }

  /**
   * Keeps `bytes`, which were put out from raw offset `offset` on and up to `next` (secrets masked, they may be of another
   * length), and makes `next` the job's durable offset. What is there already is not kept twice. Rejects (Refused) a chunk
   * that lies on both sides of the durable offset: two are writing this log; read the offset anew and go on from there.
   */
  append(ref: JobRef, stream: Stream, offset: number, bytes: Buffer, next: number): Promise<void> {
    return this.#writes.add(appendChunk, { ref, stream, offset, bytes, next });
  }

  /** Leaves out the chunks that lie wholly between the raw offsets; readers get a line in their place that says so. */
  cut(ref: JobRef, stream: Stream, from: number, to: number): Promise<void> {
    return this.#writes.add(cutChunks, { ref, stream, from, to });
  }

  /**
   * The next chunks after the cursor, as they are now. `more`: there are others already, beyond the limit or, for who is
   * following, of a moment ago, whose place in the order is not settled yet; ask again.
   */
  async read(taskId: string, query: LogQuery): Promise<{ chunks: LogChunk[]; more: boolean }> {
    const found = await this.#chunksAndNextOne(taskId, query);
    const page = found.slice(0, query.limit).filter((chunk) => chunk.settled || !query.following);
    const names = page.length > 0 ? await stepNames(this.#db, taskId) : [];
    return {
      chunks: page.map((chunk) => logChunk(chunk, names[chunk.step] ?? '')),
      more: found.length > page.length,
    };
  }

  async #chunksAndNextOne(taskId: string, { no, step, after, limit }: LogQuery) {
    let chunks = this.#db
      .selectFrom('logChunks as c')
      .innerJoin('nodes as n', (join) => join.onRef('n.taskId', '=', 'c.taskId').onRef('n.no', '=', 'c.no'))
      .select([inOrder.cursor.as('cursor'), inOrder.settled.as('settled'), 'c.no', 'n.name as node'])
      .select(['c.step', 'c.try', 'c.action', 'c.stream', 'c.offset', 'c.next', 'c.cutFrom', 'c.bytes', 'c.at'])
      .where('c.taskId', '=', taskId)
      .where(inOrder.after(after))
      .orderBy('c.xid')
      .orderBy('c.seq')
      .limit(limit + 1);
    if (no !== undefined) chunks = chunks.where('c.no', '=', no);
    if (step !== undefined) chunks = chunks.where('c.step', '=', step);
    return chunks.execute();
  }
}

interface ChunkRow extends Omit<LogChunk, 'stepName'> {
  next: number;
  cutFrom: number | null;
}

function logChunk(row: ChunkRow, stepName: string): LogChunk {
  const { cursor, no, node, step, try: tried, action, stream, at } = row;
  const { offset, bytes } = row.cutFrom === null ? row : { offset: row.cutFrom, bytes: afterCut(row, row.cutFrom) };
  return { cursor, no, node, step, stepName, try: tried, action, stream, offset, bytes, at };
}

/** A chunk of which nothing is left stands for its own output, too. */
function afterCut({ offset, next, bytes }: ChunkRow, cutFrom: number): Buffer {
  const leftOut = (bytes.length === 0 ? next : offset) - cutFrom;
  return Buffer.concat([Buffer.from(`\n… ${leftOut} bytes left out …\n`), bytes]);
}
