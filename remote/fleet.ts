import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from './connection.ts';
import { Contact } from './contact.ts';
import { ContactLost, Refused, Unreachable } from './errors.ts';
import { HandshakeDropped, Login } from './login.ts';
import { Slots } from './slots.ts';
import { SshConfig } from './ssh-config.ts';
import { addressOf, nameOf, resolveTarget, type Destination, type Target } from './target.ts';

export { Unreachable } from './errors.ts';
export type { Target } from './target.ts';

export interface FleetOptions {
  /** OpenSSH client configuration; ~/.ssh/config when not given. */
  sshConfigFile?: string;
  /** Logins at once, in all; 50. */
  handshakes?: number;
  /** Logins at once to one address, or through one jump host; 8 (OpenSSH begins to drop at 10: MaxStartups). */
  handshakesPerHost?: number;
  /** ms for a connection, and again for its login; 10 000. */
  connectTimeout?: number;
  /** ms between signs of life, three of which may fail; 12 000. */
  keepalive?: number;
  /** ms that an unused connection is kept; 60 000. */
  idle?: number;
  /** The file to which keys accepted by `hostKeys: first-use` are appended. */
  pinnedHosts?: string;
  /** The folder on a node; /var/tmp/drover-USER. */
  base?: (user: string) => string;
}

/** Further tries of a login that the server dropped, about 15 s in all. */
const DROPPED_LOGIN_TRIES = 9;

/** SSH connections to many nodes: one each, opened when first needed, kept while it is used. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #config: SshConfig;
  readonly #login: Login;
  readonly #handshakes: Slots;
  readonly #handshakesByHost = new Map<string, Slots>();
  readonly #contacts = new Map<string, Contact>();
  #closed = false;

  constructor(options: FleetOptions = {}) {
    this.#options = options;
    this.#config = new SshConfig(options.sshConfigFile);
    this.#handshakes = new Slots(options.handshakes ?? 50);
    this.#login = new Login({
      connectTimeout: options.connectTimeout ?? 10_000,
      keepalive: options.keepalive ?? 12_000,
      ...(options.pinnedHosts !== undefined && { pinnedHosts: options.pinnedHosts }),
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What is open to a node; nothing is connected yet. Throws Unreachable when the target makes no sense. */
  contact(target: Target): Contact {
    let destination: Destination;
    try {
      destination = resolveTarget(target, this.#config);
    } catch (error) {
      throw new Unreachable(error instanceof Error ? error.message : String(error));
    }
    return this.#contactTo(destination);
  }

  /** Closes all connections. What runs on the nodes goes on. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#contacts.values()].map((contact) => contact.close()));
  }

  #contactTo(destination: Destination): Contact {
    const key = JSON.stringify(destination);
    let contact = this.#contacts.get(key);
    if (!contact) {
      contact = new Contact(destination, {
        connect: (onLost) => this.#connect(destination, onLost),
        base: (this.#options.base ?? defaultBase)(destination.user),
        idle: this.#options.idle ?? 60_000,
      });
      this.#contacts.set(key, contact);
    }
    return contact;
  }

  async #connect(destination: Destination, onLost: () => void): Promise<Connection> {
    for (let attempt = 0; ; attempt++) {
      if (this.#closed) throw new Unreachable('the connections are being closed');
      try {
        return await this.#connectOnce(destination, onLost);
      } catch (error) {
        if (!(error instanceof HandshakeDropped) || attempt === DROPPED_LOGIN_TRIES) throw error;
      }
      await delay(Math.min(3000, 100 * 2 ** attempt) * (0.5 + Math.random()));
    }
  }

  /** Through the jump host, which gets one connection for all who need it, when there is one. */
  async #connectOnce(destination: Destination, onLost: () => void): Promise<Connection> {
    const jump = destination.via && this.#contactTo(destination.via);
    const releaseJump = jump?.hold() ?? (() => {});
    const lost = () => {
      releaseJump();
      onLost();
    };
    try {
      const way = await jump?.connection();
      return await this.#inTurn(destination, async () => {
        const stream = await way?.forward(destination);
        return new Connection(destination, await this.#login.to(destination, stream), lost);
      });
    } catch (error) {
      releaseJump();
      throw jump ? throughJump(error, destination, jump.name) : error;
    }
  }

  async #inTurn<T>(destination: Destination, act: () => Promise<T>): Promise<T> {
    const host = destination.via ? nameOf(destination.via) : addressOf(destination);
    let slots = this.#handshakesByHost.get(host);
    if (!slots) this.#handshakesByHost.set(host, (slots = new Slots(this.#options.handshakesPerHost ?? 8)));
    const leaveHost = await slots.take();
    const leave = await this.#handshakes.take();
    try {
      return await act();
    } finally {
      leave();
      leaveHost();
    }
  }
}

/** One folder a login name, since several may share a machine. */
function defaultBase(user: string): string {
  return `/var/tmp/drover-${user.replace(/[^A-Za-z0-9._-]/g, '_')}`;
}

function throughJump(error: unknown, destination: Destination, jump: string): unknown {
  if (error instanceof HandshakeDropped) return error;
  if (error instanceof Refused)
    return new Unreachable(`the jump host ${jump} cannot reach ${addressOf(destination)}: ${error.message}`);
  if (error instanceof ContactLost)
    return new Unreachable(`the connection to the jump host ${jump} was lost: ${error.message}`);
  if (error instanceof Unreachable) return new Unreachable(`by way of the jump host ${jump}: ${error.message}`);
  return error;
}
