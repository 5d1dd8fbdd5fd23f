import { masked, type Mask } from '../model/mask.ts';
import type { JobRef } from '../store/jobs.ts';
import type { Store } from '../store/store.ts';

type Stream = 'out' | 'err';

/** A chunk is written when this much has come together, or after this many ms. */
const CHUNK = 64 * 1024;
const FLUSH_EVERY = 150;
/** Bytes of a stream's end that are kept at hand. */
const LAST_WORDS = 2048;
/** Output that waits to be written, above which the command's output is read no further. */
const WAITING = 1024 * 1024;

/**
 * The log of one try of an action: masks secrets before anything is kept, keeps the first and the last part of a stream
 * that is longer than the limit, and knows at any moment how far it is durable.
 */
export class ActionLog {
  readonly #streams: Record<Stream, StreamLog>;

  constructor(
    store: Store,
    ref: JobRef,
    options: { limit: number; secrets: string[]; from: { out: number; err: number } },
  ) {
    this.#streams = {
      out: new StreamLog(store, ref, 'out', options.from.out, options),
      err: new StreamLog(store, ref, 'err', options.from.err, options),
    };
  }

  /** Resolves when more may come. Bytes that are there already are passed over. */
  async write(stream: Stream, offset: number, bytes: Buffer): Promise<void> {
    await this.#streams[stream].write(offset, bytes);
  }

  /** Resolves when everything is durable. */
  async end(): Promise<void> {
    await Promise.all([this.#streams.out.end(), this.#streams.err.end()]);
  }

  /** What the stream ended with, as far as it came here, secrets masked. */
  lastWords(stream: Stream): string {
    return this.#streams[stream].lastWords();
  }
}

class StreamLog {
  readonly #store: Store;
  readonly #ref: JobRef;
  readonly #stream: Stream;
  readonly #mask: Mask;
  /** Where the mask began: what it has let go is counted from there. */
  readonly #from: number;
  /** Raw bytes: this many at the beginning are kept, and as many at the end. */
  readonly #half: number;
  /** Raw offset up to which bytes were taken in; the mask may hold some of them back. */
  #taken: number;
  /** What is to be written next: masked bytes that stand for the raw bytes [from, to). */
  #pending: { from: number; to: number; bytes: Buffer }[] = [];
  #pendingBytes = 0;
  /** Raw offset up to which the mask has let go. */
  #released: number;
  #cutTo = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failure: Error | undefined;
  #lastWords: Buffer = Buffer.alloc(0);

  constructor(store: Store, ref: JobRef, stream: Stream, from: number, options: { limit: number; secrets: string[] }) {
    this.#store = store;
    this.#ref = ref;
    this.#stream = stream;
    this.#mask = masked(options.secrets);
    this.#from = from;
    this.#half = options.limit / 2;
    this.#taken = from;
    this.#released = from;
    this.#cutTo = this.#half;
  }

  async write(offset: number, bytes: Buffer): Promise<void> {
    if (this.#failure) throw this.#failure;
    const fresh = bytes.subarray(Math.max(0, this.#taken - offset));
    this.#taken += fresh.length;
    // It may come in megabytes, and what is left out is left out in whole chunks.
    for (let at = 0; at < fresh.length; at += CHUNK) await this.#add(fresh.subarray(at, at + CHUNK));
  }

  lastWords(): string {
    return this.#lastWords.toString();
  }

  async #add(piece: Buffer): Promise<void> {
    const { bytes: shown, consumed } = this.#mask.push(piece);
    this.#take(shown, this.#from + consumed);
    if (this.#pendingBytes >= CHUNK && this.#isAtBeginning()) await this.#flush();
    else if (this.#pendingBytes > WAITING) await this.#flush();
    else this.#schedule();
  }

  async end(): Promise<void> {
    const { bytes, consumed } = this.#mask.end();
    this.#take(bytes, this.#from + consumed);
    clearTimeout(this.#timer);
    await this.#flush();
    if (this.#released > 2 * this.#half) await this.#cut(this.#released - this.#half);
  }

  #take(bytes: Buffer, to: number): void {
    if (to === this.#released) return;
    this.#pending.push({ from: this.#released, to, bytes });
    this.#released = to;
    this.#pendingBytes += bytes.length;
    this.#lastWords = Buffer.concat([this.#lastWords, bytes.subarray(-LAST_WORDS)]).subarray(-LAST_WORDS);
    if (!this.#isAtBeginning()) this.#dropMiddle();
  }

  #isAtBeginning(): boolean {
    return (this.#pending[0]?.from ?? this.#released) < this.#half;
  }

  /** What will never be part of the beginning or the end is not even written. */
  #dropMiddle(): void {
    while (this.#pending.length > 1) {
      const first = this.#pending[0];
      if (!first || first.from < this.#half || first.to > this.#released - this.#half) return;
      this.#pending.shift();
      this.#pendingBytes -= first.bytes.length;
    }
  }

  #schedule(): void {
    if (this.#timer || this.#pending.length === 0) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#flush().catch((error: unknown) => (this.#failure = error as Error));
      },
      this.#isAtBeginning() ? FLUSH_EVERY : FLUSH_EVERY * 4,
    );
  }

  /** One write after the other; what comes meanwhile goes with the next. */
  async #flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#writePending());
    await this.#writing;
  }

  async #writePending(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    for (const { from, to, bytes } of joined(pending))
      await this.#store.logs.append(this.#ref, this.#stream, from, bytes, to);
    const end = (pending.at(-1)?.to ?? 0) - this.#half;
    if (end > this.#cutTo + this.#half / 4) await this.#cut(end);
  }

  async #cut(to: number): Promise<void> {
    await this.#store.logs.cut(this.#ref, this.#stream, this.#half, to);
    this.#cutTo = to;
  }
}

/** Neighbours as chunks of up to CHUNK bytes. */
function joined(pieces: { from: number; to: number; bytes: Buffer }[]): { from: number; to: number; bytes: Buffer }[] {
  const chunks: { from: number; to: number; parts: Buffer[]; size: number }[] = [];
  for (const { from, to, bytes } of pieces) {
    const last = chunks.at(-1);
    if (last && last.to === from && last.size + bytes.length <= CHUNK) {
      last.to = to;
      last.parts.push(bytes);
      last.size += bytes.length;
    } else chunks.push({ from, to, parts: [bytes], size: bytes.length });
  }
  return chunks.map(({ from, to, parts }) => ({ from, to, bytes: Buffer.concat(parts) }));
}
