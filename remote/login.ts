import net from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import type { Algorithms, Client } from 'ssh2';
import { KeyRing, type Credentials } from './credentials.ts';
import { messageOf, Unreachable } from './errors.ts';
import { HostKeys } from './host-keys.ts';
import { addressOf, nameOf, type Destination } from './target.ts';

export interface LoginOptions {
  /** ms for the TCP connection, and again for the handshake. */
  connectTimeout: number;
  /** ms between two signs of life; a connection is given up after three without an answer. */
  keepalive: number;
}

/** The server hung up during the login, as OpenSSH does when too many log in at once (MaxStartups): worth another try. */
export class HandshakeDropped extends Unreachable {}

/** Opens SSH connections: host key checked, public keys only. */
export class Login {
  readonly #hostKeys: HostKeys;
  readonly #keyRing = new KeyRing();
  readonly #options: LoginOptions;

  constructor(options: LoginOptions & { pinnedHosts?: string }) {
    this.#options = options;
    this.#hostKeys = new HostKeys(options.pinnedHosts);
  }

  /** One attempt. `stream` is the way through a jump host, if there is one. Throws Unreachable. */
  async to(destination: Destination, stream?: Duplex): Promise<Client> {
    const credentials = this.#keyRing.credentials(destination);
    const socket = stream ?? (await connectSocket(destination, this.#options.connectTimeout));
    const client = new ssh2.Client();
    // For good: an error after the first one, or long after the login, would otherwise end the process.
    client.on('error', () => {});
    client.setMaxListeners(0);
    try {
      await this.#handshake(client, socket, destination, credentials);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return client;
  }

  #handshake(client: Client, socket: Duplex, destination: Destination, credentials: Credentials): Promise<void> {
    const { connectTimeout, keepalive } = this.#options;
    let refusal: Unreachable | undefined;
    let greeted = false;
    return new Promise((resolve, reject) => {
      const fail = (error?: ClientError) => {
        if (error?.level === 'agent') return; // ssh2 goes on with the next method
        reject(refusal ?? explain(error, { destination, credentials, connectTimeout, greeted }));
      };
      client
        .once('ready', resolve)
        .on('error', fail)
        .once('close', () => fail());
      client.once('handshake', () => (greeted = true));
      client.connect({
        sock: socket, // ssh2 takes any duplex stream, its types only readable ones
        username: destination.user,
        authHandler: [...credentials.methods],
        readyTimeout: connectTimeout,
        keepaliveInterval: keepalive,
        keepaliveCountMax: 3,
        algorithms: {
          serverHostKey: this.#hostKeys.algorithms(destination) as NonNullable<Algorithms['serverHostKey']>,
        },
        hostVerifier: (key: Buffer) => {
          try {
            this.#hostKeys.check(destination, key);
            return true;
          } catch (error) {
            refusal = error instanceof Unreachable ? error : new Unreachable(messageOf(error));
            return false;
          }
        },
      });
    });
  }
}

type ClientError = Error & { level?: string; code?: string | number };

/** A TCP connection without Nagle's delay, which would cost 40 ms a command. */
function connectSocket(destination: Destination, timeout: number): Promise<net.Socket> {
  const { host, port } = destination;
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, noDelay: true });
    const timer = setTimeout(() => socket.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })), timeout);
    const fail = (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(new Unreachable(socketSentence(error, destination, timeout)));
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      socket.on('error', () => {}); // until ssh2 listens, and after it stopped
      resolve(socket);
    });
  });
}

function socketSentence(error: NodeJS.ErrnoException, destination: Destination, timeout: number): string {
  const address = addressOf(destination);
  const sentences: Record<string, string> = {
    ECONNREFUSED: `connection refused by ${address}`,
    ETIMEDOUT: `no answer from ${address} within ${timeout / 1000} s`,
    EHOSTUNREACH: `no route to ${address}`,
    ENETUNREACH: `no route to ${address}`,
    ENOTFOUND: `no such host: ${destination.host}`,
    EAI_AGAIN: `the name ${destination.host} cannot be looked up just now`,
  };
  return sentences[error.code ?? ''] ?? `cannot connect to ${address}: ${error.message || 'unknown error'}`;
}

interface Circumstances {
  destination: Destination;
  credentials: Credentials;
  connectTimeout: number;
  greeted: boolean;
}

function explain(
  error: ClientError | undefined,
  { destination, credentials, connectTimeout, greeted }: Circumstances,
): Unreachable {
  const address = addressOf(destination);
  if (error?.level === 'client-authentication' || (greeted && /authentication failures/i.test(error?.message ?? ''))) {
    const why = error?.message.startsWith('All configured') === true ? '' : ` (${error?.message ?? ''})`;
    return new Unreachable(`login as ${nameOf(destination)} refused${why}: tried ${credentials.tried}`);
  }
  if (error?.level === 'client-timeout')
    return new Unreachable(`no answer from ${address} within ${connectTimeout / 1000} s`);
  if (isDrop(error))
    return new HandshakeDropped(`${address} closed the connection during the login as ${destination.user}`);
  return new Unreachable(`no SSH connection to ${address}: ${error?.message ?? 'it closed'}`);
}

function isDrop(error: ClientError | undefined): boolean {
  return (
    error === undefined ||
    error.code === 'ECONNRESET' ||
    error.code === 'EPIPE' ||
    /lost before handshake|Exceeded MaxStartups/i.test(error.message)
  );
}
