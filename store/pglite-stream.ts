import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { Worker } from 'node:worker_threads';

/** What the thread is started with. */
export interface ThreadInput {
  folder: string;
  seed: string;
}

/** Starts PGlite in a thread of its own, with a folder's database; rejects with what kept it from opening. */
export async function openPGlite(input: ThreadInput): Promise<PGliteStream> {
  const thread = startThread(input);
  const ended = once(thread, 'exit').then(([code]: unknown[]) =>
    Promise.reject(new Error(`PGlite's thread ended with ${String(code)}`)),
  );
  await Promise.race([once(thread, 'message'), ended]);
  ended.catch(() => undefined);
  return new PGliteStream(thread);
}

/** The sources run by way of tsx, which does not reach into threads by itself. */
function startThread(workerData: ThreadInput): Worker {
  const isSource = import.meta.url.endsWith('.ts');
  const entry = new URL(isSource ? './pglite-thread.ts' : './pglite-thread.js', import.meta.url);
  if (!isSource) return new Worker(entry, { workerData, execArgv: [] });
  const tsx = import.meta.resolve('tsx/esm/api');
  const start = `import('${tsx}').then(({ register }) => (register(), import('${entry.href}')))`;
  return new Worker(start, { eval: true, workerData, execArgv: [] });
}

/** To pg it is a socket: the bytes of PostgreSQL's protocol, to the thread and back. */
export class PGliteStream extends Duplex {
  readonly #thread: Worker;
  #unsent: Buffer[] = [];

  constructor(thread: Worker) {
    super();
    this.#thread = thread;
    thread.on('message', ({ buffer, byteOffset, byteLength }: Uint8Array) => {
      this.push(Buffer.from(buffer, byteOffset, byteLength));
    });
    thread.on('error', (error) => this.destroy(error));
    thread.on('exit', (code) => this.destroy(code === 0 ? undefined : new Error(`PGlite's thread ended with ${code}`)));
  }

  connect(): void {
    process.nextTick(() => this.emit('connect'));
  }

  setNoDelay(): void {
    // There is no delay.
  }

  override _read(): void {
    // Answers come by themselves.
  }

  /** What one turn of the event loop writes is one message: each costs the thread and this one a wait for the other. */
  override _write(bytes: Buffer, _: BufferEncoding, written: () => void): void {
    if (this.#unsent.push(bytes) === 1) process.nextTick(() => this.#send());
    written();
  }

  override _destroy(error: Error | null, destroyed: (error: Error | null) => void): void {
    this.#thread.terminate().then(
      () => destroyed(error),
      () => destroyed(error),
    );
  }

  #send(): void {
    // A buffer of its own, which can be handed over; Buffer.concat's may be part of a shared one.
    const message = new Uint8Array(this.#unsent.reduce((sum, { length }) => sum + length, 0));
    let end = 0;
    for (const bytes of this.#unsent) {
      message.set(bytes, end);
      end += bytes.length;
    }
    this.#unsent = [];
    this.#thread.postMessage(message, [message.buffer]);
  }
}
