import type { LogChunk } from '../../store/logs.ts';
import { isBefore, START } from './position.ts';

/** One line of a node's log, without its line end. */
export interface Line {
  node: string;
  step: string;
  try: number;
  /** 0-based, within the step. */
  action: number;
  stream: LogChunk['stream'];
  text: string;
}

/** A line longer than this is broken, so that a command that never ends its line takes no more memory. */
const LONGEST = 64 * 1024;

/**
 * Puts lines together from the chunks of many nodes, in the chunks' order. Bytes are decoded as UTF-8 across chunks. A line
 * without an end comes out when its node goes on to its next command, or when it is settled.
 */
export class Lines {
  readonly #nodes = new Map<number, OpenJob>();
  #position = START;

  take(chunk: LogChunk): Line[] {
    const job = `${chunk.step}/${chunk.try}/${chunk.action}`;
    const before = this.#nodes.get(chunk.no);
    const isNext = before !== undefined && before.job !== job;
    const open = before && !isNext ? before : new OpenJob(job, chunk);
    this.#nodes.set(chunk.no, open);
    const lines = [...(isNext ? before.rest() : []), ...open.take(chunk, this.#position)];
    this.#position = chunk.cursor;
    return lines;
  }

  /** A try of a step has ended on a node: what is left of it is a line. */
  settle({ no, step, try: nth }: { no: number; step: string; try: number }): Line[] {
    const open = this.#nodes.get(no);
    if (open?.of.step !== step || open.of.try !== nth) return [];
    this.#nodes.delete(no);
    return open.rest();
  }

  settleAll(): Line[] {
    const lines = [...this.#nodes.values()].flatMap((open) => open.rest());
    this.#nodes.clear();
    return lines;
  }

  /** Where to read from to have every line whole that is still open; undefined when none is. */
  openSince(): string | undefined {
    return [...this.#nodes.values()]
      .flatMap(({ streams }) => [...streams.values()].map(({ since }) => since))
      .reduce(
        (oldest, since) => (oldest === undefined || (since && isBefore(since, oldest)) ? since : oldest),
        undefined,
      );
  }
}

class OpenJob {
  readonly job: string;
  readonly streams = new Map<LogChunk['stream'], OpenStream>();
  readonly of: Omit<Line, 'stream' | 'text'>;

  constructor(job: string, { node, stepName, try: nth, action }: LogChunk) {
    this.job = job;
    this.of = { node, step: stepName, try: nth, action };
  }

  take(chunk: LogChunk, position: string): Line[] {
    const stream = this.streams.get(chunk.stream) ?? new OpenStream();
    this.streams.set(chunk.stream, stream);
    return this.#lines(chunk.stream, stream.take(chunk.bytes, position));
  }

  rest(): Line[] {
    return [...this.streams].flatMap(([name, stream]) => this.#lines(name, stream.rest()));
  }

  #lines(stream: LogChunk['stream'], texts: string[]): Line[] {
    return texts.map((text) => ({ ...this.of, stream, text }));
  }
}

class OpenStream {
  /** Where the chunk lies in which the open line begins: right after this position. */
  since: string | undefined;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #text = '';

  take(bytes: Buffer, position: string): string[] {
    const lines = (this.#text + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#text = lines.pop() ?? '';
    for (; this.#text.length > LONGEST; this.#text = this.#text.slice(LONGEST))
      lines.push(this.#text.slice(0, LONGEST));
    if (bytes.at(-1) === 0x0a) this.since = undefined;
    else if (lines.length > 0 || this.since === undefined) this.since = position;
    return lines.map((line) => line.replace(/\r$/, ''));
  }

  rest(): string[] {
    const text = this.#text + this.#decoder.decode();
    this.#text = '';
    this.since = undefined;
    return text === '' ? [] : [text];
  }
}
