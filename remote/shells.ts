import type { Connection } from './connection.ts';
import type { Channel } from './node/channel.ts';
import { Session } from './node/session.ts';

/** The shells on one connection: those that wait for work, and new ones. */
export class Shells {
  readonly connection: Connection;
  readonly #base: string;
  #waiting: Session[] = [];

  constructor(connection: Connection, base: string) {
    this.connection = connection;
    this.#base = base;
  }

  /** Waits while the connection is full. Throws ContactLost, Refused. */
  async take(): Promise<Session> {
    return this.#next() ?? (await this.#open((command) => this.connection.exec(command)));
  }

  /** Does not wait: Refused (no-channel) when the connection is full. Throws ContactLost, Refused. */
  async takeNow(): Promise<Session> {
    return this.#next() ?? (await this.#open((command) => this.connection.execNow(command)));
  }

  /** One that waits for work has to go when something else needs its place. */
  makeRoom(): void {
    if (!this.connection.hasRoom) this.#next()?.close();
  }

  #open(exec: (command: string) => Promise<Channel>): Promise<Session> {
    return Session.open(exec, this.#base, (session) => this.#takeBack(session));
  }

  #takeBack(session: Session): void {
    if (session.ended || this.connection.crowded) session.close();
    else this.#waiting.push(session);
  }

  #next(): Session | undefined {
    for (;;) {
      const session = this.#waiting.pop();
      if (!session?.ended) return session;
    }
  }
}
