import type { Readable } from 'node:stream';
import { ContactLost } from '../errors.ts';

/**
 * A stream read at the reader's pace: nothing is taken off the wire beyond SSH's window (2 MB a channel) until it is asked
 * for, so memory stays bounded whatever a command prints.
 */
export class Pull {
  readonly #stream: Readable;
  #ended = false;
  #quietEnds: number | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on('error', () => {}); // it ends anyway
    stream.on('readable', () => this.#wake?.());
    for (const event of ['end', 'close']) stream.on(event, () => this.stop());
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** All that has come; undefined at the end. Throws ContactLost after so many ms of silence, if it may not last. */
  async next(silence?: number): Promise<Buffer | undefined> {
    for (;;) {
      const chunk = this.#stream.read() as Buffer | null;
      if (chunk) return chunk;
      if (this.#ended) return undefined;
      await this.#more(silence);
    }
  }

  /** From now on, so many ms without anything new are its end as well. */
  endWhenQuiet(ms: number): void {
    this.#quietEnds = ms;
    this.#wake?.();
  }

  /** What has come can still be read, then it is at its end. */
  stop(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** The rest is thrown away: ssh2 reports a channel closed only when its streams were read to their ends. */
  discard(): void {
    this.stop();
    this.#stream.removeAllListeners('readable');
    this.#stream.resume();
  }

  #more(silence: number | undefined): Promise<void> {
    const patience = this.#quietEnds ?? silence;
    return new Promise((resolve, reject) => {
      const timer = patience === undefined ? undefined : setTimeout(() => giveUp(patience), patience);
      const wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const giveUp = (ms: number) => {
        this.#wake = undefined;
        if (this.#quietEnds === undefined) {
          reject(new ContactLost(`no sign of life from the node for ${Math.round(ms / 1000)} s`));
        } else {
          this.#ended = true;
          resolve();
        }
      };
      this.#wake = wake;
    });
  }
}
