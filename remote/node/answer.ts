import { ContactLost } from '../errors.ts';

export type Stream = 'out' | 'err';

/** What a session says: a line of words, or bytes of a command's output. */
export type Part =
  { kind: 'mark'; name: string; words: string[] } | { kind: 'bytes'; stream: Stream; offset: number; bytes: Buffer };

const NOISE_KEPT = 500;

/**
 * Takes an answer apart. A frame's length is announced before it, so no output of a job, whatever it holds, can pass for
 * a mark; the nonce only finds the first mark behind what a login shell may print.
 */
export class AnswerParser {
  readonly #start: Buffer;
  #data: Buffer = Buffer.alloc(0);
  #frame: { stream: Stream; offset: number; left: number } | undefined;
  #noise = Buffer.alloc(0);
  #started = false;

  constructor(nonce: string) {
    this.#start = Buffer.from(`@@${nonce} `);
  }

  /** What came before the first mark, its end. */
  get noise(): string {
    return Buffer.concat([this.#noise, this.#started ? Buffer.alloc(0) : this.#data])
      .subarray(-NOISE_KEPT)
      .toString()
      .trim();
  }

  get started(): boolean {
    return this.#started;
  }

  push(chunk: Buffer): void {
    this.#data = this.#data.length > 0 ? Buffer.concat([this.#data, chunk]) : chunk;
  }

  /** The next part of what was pushed, if it is there. Throws ContactLost when the answer makes no sense. */
  next(): Part | undefined {
    if (this.#frame) return this.#nextBytes(this.#frame);
    const at = this.#data.indexOf(this.#start);
    if (this.#started && at !== 0 && this.#data.length >= this.#start.length)
      throw new ContactLost('the answer is out of step');
    const end = at < 0 ? -1 : this.#data.indexOf('\n', at);
    if (end < 0) {
      if (!this.#started && at < 0) this.#skipNoise(this.#data.length - this.#start.length);
      return undefined;
    }
    if (!this.#started) this.#skipNoise(at);
    this.#started = true;
    return this.#nextMark();
  }

  #nextMark(): Part | undefined {
    const end = this.#data.indexOf('\n');
    const [name = '', ...words] = this.#data.subarray(this.#start.length, end).toString().split(' ');
    this.#data = this.#data.subarray(end + 1);
    if (name !== 'o' && name !== 'e') return { kind: 'mark', name, words };
    this.#frame = { stream: name === 'o' ? 'out' : 'err', offset: Number(words[0]), left: Number(words[1]) };
    return this.next();
  }

  #nextBytes(frame: { stream: Stream; offset: number; left: number }): Part | undefined {
    if (this.#data.length === 0) return undefined;
    const bytes = this.#data.subarray(0, frame.left);
    const part: Part = { kind: 'bytes', stream: frame.stream, offset: frame.offset, bytes };
    this.#data = this.#data.subarray(bytes.length);
    frame.offset += bytes.length;
    frame.left -= bytes.length;
    if (frame.left === 0) this.#frame = undefined;
    return part;
  }

  #skipNoise(length: number): void {
    if (length <= 0) return;
    this.#noise = Buffer.concat([this.#noise, this.#data.subarray(0, length)]).subarray(-NOISE_KEPT);
    this.#data = this.#data.subarray(length);
  }
}
