import { constants } from 'node:os';
import type { ClientChannel } from 'ssh2';
import type { ContactLost } from '../errors.ts';
import { Pull } from './pull.ts';

/** The two ends of a command: what it is told, what it prints, how it ends. */
export class Channel {
  readonly out: Pull;
  readonly err: Pull;
  /** Known when the server says so, before or after the end of the output; never when the connection broke. */
  exitCode: number | undefined;
  /** Resolves when the server has closed it, and said before how the command ended, or the connection broke. */
  readonly closed: Promise<void>;
  readonly #channel: ClientChannel;
  readonly #why: () => ContactLost;

  constructor(channel: ClientChannel, why: () => ContactLost) {
    this.#channel = channel;
    this.#why = why;
    this.out = new Pull(channel);
    this.err = new Pull(channel.stderr);
    this.closed = new Promise((resolve) => channel.once('close', () => resolve()));
    channel.on('exit', (code: number | null, signal?: string) => (this.exitCode = code ?? codeOf(signal)));
  }

  /** The error for an answer that broke off. */
  brokenOff(): ContactLost {
    return this.#why();
  }

  /** Calls back once, when the command's first process has ended. */
  onExit(callback: () => void): void {
    this.#channel.once('exit', callback);
  }

  write(text: string | Buffer): void {
    this.#channel.write(text);
  }

  end(text: string): void {
    this.#channel.end(text);
  }

  endWhenQuiet(ms: number): void {
    this.out.endWhenQuiet(ms);
    this.err.endWhenQuiet(ms);
  }

  /** Whether the server has not yet said that all output has been sent. */
  get open(): boolean {
    return !this.#channel.readableEnded || !this.#channel.stderr.readableEnded;
  }

  /** Lets go of it. The command at the other end is not told to stop: SSH does not do that. */
  close(): void {
    this.out.discard();
    this.err.discard();
    this.#channel.close();
  }
}

/** The shell's way of saying that signal n ended a command: 128 + n. */
function codeOf(signal: string | undefined): number | undefined {
  if (signal === undefined) return undefined;
  const numbers: Partial<Record<string, number>> = constants.signals;
  return 128 + (numbers[signal.startsWith('SIG') ? signal : `SIG${signal}`] ?? 0);
}
