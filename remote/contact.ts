import { setTimeout as delay } from 'node:timers/promises';
import type { SFTPWrapper } from 'ssh2';
import type { Connection } from './connection.ts';
import { Refused } from './errors.ts';
import { Housekeeping } from './housekeeping.ts';
import type { Channel } from './node/channel.ts';
import type { Session } from './node/session.ts';
import { Shells } from './shells.ts';
import { nameOf, type Destination } from './target.ts';

export interface ContactOptions {
  /** Opens a connection and says later when it is lost. */
  connect: (onLost: () => void) => Promise<Connection>;
  /** The folder on the node. */
  base: string;
  /** ms a connection is kept without being used. */
  idle: number;
}

/** ms that the last housekeeping may take when a connection is closed. */
const LAST_WORDS = 2000;

/** What we have open to one node: a connection, shells on it that wait for work, results it may forget. */
export class Contact {
  readonly name: string;
  readonly base: string;
  readonly #options: ContactOptions;
  readonly #housekeeping: Housekeeping;
  #main: Promise<Shells> | undefined;
  #spare: Promise<Shells> | undefined;
  #holders = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(destination: Destination, options: ContactOptions) {
    this.name = nameOf(destination);
    this.base = options.base;
    this.#options = options;
    this.#housekeeping = new Housekeeping(() => (this.#main ? this.control() : undefined));
  }

  /** Keeps the connection from being closed as unused, until the function is called that this returns. */
  hold(): () => void {
    this.#holders++;
    clearTimeout(this.#idleTimer);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (--this.#holders === 0)
        this.#idleTimer = setTimeout(() => void this.#closeIfUnused(), this.#options.idle).unref();
    };
  }

  /** The open connection, or a new one. Throws Unreachable. */
  async connection(): Promise<Connection> {
    return (await this.#shells()).connection;
  }

  /** A shell on the node, to be given back. Waits while the connection is full. Throws Unreachable, ContactLost, Refused. */
  async session(): Promise<Session> {
    return (await this.#shells()).take();
  }

  /** A shell that running commands do not keep waiting: over a second connection where the first one is full. */
  async control(): Promise<Session> {
    try {
      return await (await this.#shells()).takeNow();
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'no-channel') throw error;
    }
    return (await this.#spareShells()).take();
  }

  /** A plain command. Throws Unreachable, ContactLost, Refused. */
  async exec(command: string): Promise<Channel> {
    const shells = await this.#shells();
    shells.makeRoom();
    return shells.connection.exec(command);
  }

  /** Throws Unreachable, ContactLost, Refused. */
  async sftp(): Promise<SFTPWrapper> {
    const shells = await this.#shells();
    shells.makeRoom();
    return shells.connection.sftp();
  }

  /** The result of a job is durable with the caller: the node may delete its files. Told later, many at once. */
  acknowledge(id: string): void {
    this.#housekeeping.acknowledge(id);
  }

  /** Tells the node what it may forget, then closes what is open. */
  async close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    await this.#lastWords();
    this.#disconnect();
  }

  async #closeIfUnused(): Promise<void> {
    await this.#lastWords();
    if (this.#holders === 0) this.#disconnect();
  }

  async #lastWords(): Promise<void> {
    await Promise.race([this.#housekeeping.run(), delay(LAST_WORDS, undefined, { ref: false })]);
  }

  #disconnect(): void {
    for (const shells of [this.#main, this.#spare]) {
      void shells?.then(
        ({ connection }) => connection.close(),
        () => {},
      );
    }
    this.#main = undefined;
    this.#spare = undefined;
  }

  #shells(): Promise<Shells> {
    if (!this.#main) {
      const main = this.#open(() => {
        if (this.#main === main) this.#main = undefined;
      });
      this.#main = main;
    }
    return this.#main;
  }

  #spareShells(): Promise<Shells> {
    if (!this.#spare) {
      const spare = this.#open(() => {
        if (this.#spare === spare) this.#spare = undefined;
      });
      this.#spare = spare;
    }
    return this.#spare;
  }

  /** `forget` is called when it comes to nothing, or is lost later. */
  async #open(forget: () => void): Promise<Shells> {
    try {
      return new Shells(await this.#options.connect(forget), this.base);
    } catch (error) {
      forget();
      throw error;
    }
  }
}
