import { setTimeout as delay } from 'node:timers/promises';
import type { ClientChannel, SFTPWrapper } from 'ssh2';
import type { Connection } from './connection.ts';
import { Refused } from './errors.ts';
import { Housekeeping } from './housekeeping.ts';
import { Session } from './node/session.ts';
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
  #connection: Connection | undefined;
  #connecting: Promise<Connection> | undefined;
  #spare: Promise<Connection> | undefined;
  #idleSessions: Session[] = [];
  #holders = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(destination: Destination, options: ContactOptions) {
    this.name = nameOf(destination);
    this.base = options.base;
    this.#options = options;
    this.#housekeeping = new Housekeeping(
      () => (this.#connection && !this.#connection.lost ? this.control() : undefined),
      (session) => this.release(session),
    );
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
    if (this.#connection && !this.#connection.lost) return this.#connection;
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined));
    return this.#connecting;
  }

  /** A shell on the node, to be given back with `release`. Waits while the connection is full. Throws Unreachable, ContactLost, Refused. */
  async session(): Promise<Session> {
    const connection = await this.connection();
    return this.#idleSession() ?? (await Session.open((command) => connection.exec(command), this.base));
  }

  /** A shell that running commands do not keep waiting: over a second connection where the first one is full. */
  async control(): Promise<Session> {
    const connection = await this.connection();
    const idle = this.#idleSession();
    if (idle) return idle;
    try {
      return await Session.open((command) => connection.execNow(command), this.base);
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'no-channel') throw error;
    }
    const spare = await this.#spareConnection();
    return Session.open((command) => spare.exec(command), this.base);
  }

  /** For further jobs, if it is still good and nobody else waits for its place on the connection. */
  release(session: Session): void {
    if (session.ended || !this.#connection || this.#connection.crowded) session.close();
    else this.#idleSessions.push(session);
  }

  /** A plain command. Throws Unreachable, ContactLost, Refused. */
  async exec(command: string): Promise<ClientChannel> {
    const connection = await this.connection();
    this.#makeRoom(connection);
    return connection.exec(command);
  }

  /** Throws Unreachable, ContactLost, Refused. */
  async sftp(): Promise<SFTPWrapper> {
    const connection = await this.connection();
    this.#makeRoom(connection);
    return connection.sftp();
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
    this.#idleSessions = [];
    this.#connection?.close();
    this.#connection = undefined;
    void this.#spare?.then(
      (spare) => spare.close(),
      () => {},
    );
    this.#spare = undefined;
  }

  async #connect(): Promise<Connection> {
    const connection = await this.#options.connect(() => {
      if (this.#connection === connection) this.#connection = undefined;
    });
    return (this.#connection = connection);
  }

  #spareConnection(): Promise<Connection> {
    if (!this.#spare) {
      const forget = () => (this.#spare = undefined);
      this.#spare = this.#options.connect(forget);
      this.#spare.catch(forget);
    }
    return this.#spare;
  }

  #idleSession(): Session | undefined {
    for (;;) {
      const session = this.#idleSessions.pop();
      if (!session?.ended) return session;
    }
  }

  /** A shell that waits for work has to go when something else needs its place. */
  #makeRoom(connection: Connection): void {
    if (!connection.hasRoom) this.#idleSession()?.close();
  }
}
