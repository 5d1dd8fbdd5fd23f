import { sql, type Transaction } from 'kysely';

import { JOB_COLUMNS, jobColumns, jobKey, type JobRef } from './jobs.ts';
import type { Schema } from './schema.ts';
import { rows } from './sql.ts';
import { Refused, type TransactionKind } from './writes.ts';

/** `note`: what Drover itself has to say, between the command's lines. */
export type Stream = 'out' | 'err' | 'note';

interface Append {
  ref: JobRef;
  stream: Stream;
  offset: number;
  bytes: Buffer;
  next: number;
}

export const appendChunk: TransactionKind<Append> = {
  keys: ({ ref }) => [jobKey(ref)],
  weight: ({ bytes }) => bytes.length,
  stacks: true,
  async apply(transaction, appends) {
    const durable = await durableOffsets(transaction, appends);
    const fresh = appends.filter((append) => durable.advance(append));
    await Promise.all([insertChunks(transaction, fresh), moveOffsets(transaction, fresh)]);
  },
};

/** Left out is what lies between, written or not; the first chunk behind it then says so, or else what is left of the last. */
export const cutChunks: TransactionKind<Cut> = {
  keys: ({ ref }) => [jobKey(ref)],
  async apply(transaction, cuts) {
    for (const cut of cuts) await cutOne(transaction, cut);
  },
};

interface Cut {
  ref: JobRef;
  stream: Stream;
  from: number;
  to: number;
}

async function cutOne(transaction: Transaction<Schema>, { ref, stream, from, to }: Cut): Promise<void> {
  const chunks = await transaction
    .selectFrom('logChunks')
    .select(['seq', 'offset', 'next'])
    .where((chunk) => chunk.and({ ...job(ref), stream }))
    .where('next', '>', from)
    .orderBy('offset')
    .execute();
  const begin = Math.max(from, ...chunks.filter(({ offset }) => offset < from).map(({ next }) => next));
  const inside = chunks.filter(({ offset, next }) => offset >= begin && next <= to);
  const behind = chunks.find(({ offset, next }) => offset >= begin && next > to) ?? inside.pop();
  if (!behind) return;
  const gone = inside.map(({ seq }) => seq);
  if (gone.length > 0) await transaction.deleteFrom('logChunks').where('seq', 'in', gone).execute();
  if (behind.next > to && behind.offset === begin) return; // nothing lies between
  await transaction
    .updateTable('logChunks')
    .set({ cutFrom: begin, ...(behind.next <= to && { bytes: Buffer.alloc(0) }) })
    .where('seq', '=', behind.seq)
    .execute();
}

/** Locks the jobs, so that nobody else appends to their logs meanwhile. */
async function durableOffsets(transaction: Transaction<Schema>, appends: readonly Append[]): Promise<DurableOffsets> {
  const list = appends.map(({ ref }) => jobColumns(ref));
  const { rows: jobs } = await sql<JobRef & { out: number; err: number }>`
    select task_id, no, step, try, action, out, err from jobs
    where (task_id, no, step, try, action) in (select task_id, no, step, try, action from ${rows(list, JOB_COLUMNS)})
    order by task_id, no, step, try, action
    for update`.execute(transaction);
  return new DurableOffsets(jobs);
}

class DurableOffsets {
  readonly #offsets = new Map<string, number>();

  constructor(jobs: readonly (JobRef & { out: number; err: number })[]) {
    for (const job of jobs) {
      this.#offsets.set(`${jobKey(job)} out`, job.out);
      this.#offsets.set(`${jobKey(job)} err`, job.err);
    }
  }

  /** Past this chunk; false when it is there already. */
  advance({ ref, stream, offset, next }: Append): boolean {
    if (stream === 'note') return true;
    const log = `${jobKey(ref)} ${stream}`;
    const durable = this.#offsets.get(log) ?? 0;
    if (next <= durable) return false;
    if (offset < durable) {
      throw new Refused(
        `The ${stream} log of ${jobKey(ref)} is kept up to ${durable}: no chunk can begin at ${offset}`,
      );
    }
    this.#offsets.set(log, next);
    return true;
  }
}

/** The bytes go as one parameter, so that the statement is the same for any number of chunks. */
async function insertChunks(transaction: Transaction<Schema>, appends: readonly Append[]): Promise<void> {
  const chunks = appends.filter(({ bytes }) => bytes.length > 0);
  if (chunks.length === 0) return;
  let end = 0;
  const list = chunks.map(({ ref, stream, offset, next, bytes: { length } }) => {
    const begin = end + 1; // SQL counts from 1
    end += length;
    return { ...jobColumns(ref), stream, offset, next, begin, length };
  });
  await sql`
    insert into log_chunks (task_id, no, step, try, action, stream, "offset", next, bytes)
    select task_id, no, step, try, action, stream, "offset", next,
           substring(${Buffer.concat(chunks.map(({ bytes }) => bytes))}::bytea from begin for length)
    from ${rows(list, `${JOB_COLUMNS}, stream text, "offset" bigint, next bigint, begin int, length int`)}
    on conflict do nothing`.execute(transaction);
}

async function moveOffsets(transaction: Transaction<Schema>, appends: readonly Append[]): Promise<void> {
  const list = appends
    .filter(({ stream }) => stream !== 'note')
    .map(({ ref, stream, next }) => ({ ...jobColumns(ref), [stream]: next }));
  if (list.length === 0) return;
  await sql`
    insert into jobs as j (task_id, no, step, try, action, out, err)
    select task_id, no, step, try, action, coalesce(max(out), 0), coalesce(max(err), 0)
    from ${rows(list, `${JOB_COLUMNS}, out bigint, err bigint`)}
    group by task_id, no, step, try, action
    on conflict (task_id, no, step, try, action) do update
      set out = greatest(j.out, excluded.out), err = greatest(j.err, excluded.err)`.execute(transaction);
}

function job({ taskId, no, step, try: tried, action }: JobRef): JobRef {
  return { taskId, no, step, try: tried, action };
}
