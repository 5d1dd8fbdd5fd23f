import type { Duplex } from 'node:stream';
import type { Client, SFTPWrapper } from 'ssh2';
import { ContactLost, messageOf, Refused } from './errors.ts';
import { Channel } from './node/channel.ts';
import { Slots } from './slots.ts';
import { addressOf, nameOf, type Destination } from './target.ts';

/** OpenSSH allows ten sessions a connection unless told otherwise (MaxSessions). */
const MOST_CHANNELS = 8;

/** An open SSH connection, until it is lost. */
export class Connection {
  readonly name: string;
  readonly #destination: Destination;
  readonly #client: Client;
  readonly #channels = new Slots(MOST_CHANNELS);
  #trouble: string | undefined;
  #lost = false;

  constructor(destination: Destination, client: Client, onLost: () => void) {
    this.name = nameOf(destination);
    this.#destination = destination;
    this.#client = client;
    client.on('error', (error) => (this.#trouble ??= this.#describe(error)));
    client.once('close', () => {
      this.#lost = true;
      onLost();
    });
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** Whether a channel can be opened without waiting for another to end. */
  get hasRoom(): boolean {
    return this.#channels.free;
  }

  /** Whether somebody waits for a channel to end. */
  get crowded(): boolean {
    return this.#channels.crowded;
  }

  /** Runs a command in the user's login shell. Waits while eight channels are open. Throws ContactLost, Refused. */
  exec(command: string): Promise<Channel> {
    return this.#open(this.#starting(command));
  }

  /** The same without waiting: Refused (no-channel) when there is no room. */
  async execNow(command: string): Promise<Channel> {
    if (!this.hasRoom) throw new Refused('no-channel', `${this.name} has no room for another channel`);
    return this.#openOnce(this.#starting(command));
  }

  /** Throws ContactLost, Refused. */
  sftp(): Promise<SFTPWrapper> {
    return this.#open((giveBack, done) =>
      this.#client.sftp((error, sftp) => {
        if (!error) sftp.once('close', giveBack);
        done(error, sftp);
      }),
    );
  }

  /** A stream to another host, by way of this one. Not a session: it needs none of the eight places. */
  forward({ host, port }: { host: string; port: number }): Promise<Duplex> {
    return this.#request<Duplex>((done) => this.#client.forwardOut('127.0.0.1', 0, host, port, done));
  }

  close(): void {
    this.#trouble ??= 'closed on our side';
    this.#client.end();
    // A peer that no longer answers would keep the socket for minutes.
    setTimeout(() => this.#client.destroy(), 1000).unref();
  }

  /** Listens at once: a short command's end may come in the same packet as the news that it was started. */
  #starting(command: string): StartInPlace<Channel> {
    return (giveBack, done) =>
      this.#client.exec(command, (error, stream) => {
        if (!error) stream.once('close', giveBack);
        done(error, error ? undefined : new Channel(stream, () => this.#brokenOff()));
      });
  }

  #lostError(): ContactLost {
    return new ContactLost(this.#trouble ?? `${addressOf(this.#destination)} closed the connection`);
  }

  #brokenOff(): ContactLost {
    return this.#lost ? this.#lostError() : new ContactLost(`${addressOf(this.#destination)} closed the channel`);
  }

  async #open<T>(start: StartInPlace<T>): Promise<T> {
    for (;;) {
      try {
        return await this.#openOnce(start);
      } catch (error) {
        const others = this.#channels.taken;
        if (!(error instanceof Refused) || error.code !== 'no-channel' || others === 0) throw error;
        this.#channels.lowerTo(others); // the server allows fewer than we thought (MaxSessions)
      }
    }
  }

  async #openOnce<T>(start: StartInPlace<T>): Promise<T> {
    const giveBack = await this.#channels.take();
    try {
      return await this.#request<T>((done) => start(giveBack, done));
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  #request<T>(start: (done: Done<T>) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      try {
        start((error, value) => {
          if (error) reject(this.#lost ? this.#lostError() : this.#refusal(error));
          else resolve(value as T);
        });
      } catch {
        reject(this.#lostError()); // ssh2 throws when it is not connected
      }
    });
  }

  /** ssh2 reports what the server refused, and a connection that breaks meanwhile, in the same way. */
  #refusal(error: Error & { reason?: unknown }): Error {
    if (/No response from server|Not connected/i.test(error.message)) return this.#lostError();
    const code = error.reason === undefined ? 'no-request' : 'no-channel';
    return new Refused(code, `${addressOf(this.#destination)} refused: ${messageOf(error).replace(/^\(SSH\) /, '')}`);
  }

  #describe(error: Error & { level?: string; code?: unknown }): string {
    const address = addressOf(this.#destination);
    if (error.level === 'client-timeout') return `${address} gave no sign of life`;
    if (error.code === 'ECONNRESET') return `connection reset by ${address}`;
    return `${address}: ${error.message}`;
  }
}

type Done<T> = (error: Error | undefined, value?: T) => void;
/** Opens a channel in a place that is taken, which the channel's end gives back. */
type StartInPlace<T> = (giveBack: () => void, done: Done<T>) => void;
