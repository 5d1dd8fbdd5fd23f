import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import ssh2, { type AuthContext, type ParsedKey, type PublicKeyAuthContext, type ServerChannel } from 'ssh2';

import { serveUploads } from './sftp.ts';

const { Server } = ssh2;
const LOOPBACK = '127.0.0.1';

export interface NodeServerOptions {
  /** The node's own folder: home and working directory of every command. */
  root: string;
  /** Private keys in OpenSSH's format. */
  hostKey: string;
  /** Who may log in, under any user name. */
  clientKey: ParsedKey;
}

/**
 * A real SSH server for one demo node. Commands run as with OpenSSH: by a shell, in a session of their own that goes on
 * when the connection is gone.
 */
export class NodeServer {
  readonly port: number;
  readonly #server: InstanceType<typeof Server>;
  readonly #connections: Set<ssh2.Connection>;

  private constructor(server: InstanceType<typeof Server>, connections: Set<ssh2.Connection>, port: number) {
    this.#server = server;
    this.#connections = connections;
    this.port = port;
  }

  static async start({ root, hostKey, clientKey }: NodeServerOptions): Promise<NodeServer> {
    await mkdir(root, { recursive: true });
    const connections = new Set<ssh2.Connection>();
    const server = new Server({ hostKeys: [hostKey], ident: 'drover-demo' }, (connection) => {
      connections.add(connection);
      connection.on('close', () => connections.delete(connection));
      connection.on('error', () => undefined); // a client that went away
      connection.on('authentication', (context) => {
        authenticate(context, clientKey);
      });
      connection.on('session', (accept) => {
        const session = accept();
        session.on('exec', (acceptExec, _reject, { command }) => {
          execute(command, root, acceptExec());
        });
        session.on('sftp', (acceptSftp) => {
          serveUploads(acceptSftp(), root);
        });
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, LOOPBACK, resolve);
    });
    return new NodeServer(server, connections, (server.address() as AddressInfo).port);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    for (const connection of this.#connections) connection.end();
    await closed;
  }
}

function authenticate(context: AuthContext, clientKey: ParsedKey): void {
  if (context.method === 'publickey' && isSigned(context, clientKey)) context.accept();
  else context.reject(['publickey']);
}

/** Without a signature the client only asks whether the key would do. */
function isSigned({ key, signature, blob, hashAlgo }: PublicKeyAuthContext, clientKey: ParsedKey): boolean {
  if (!clientKey.getPublicSSH().equals(key.data)) return false;
  return !signature || !blob || clientKey.verify(blob, signature, hashAlgo);
}

function execute(command: string, root: string, channel: ServerChannel): void {
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: root,
    env: { HOME: root, SHELL: '/bin/sh', PATH: pathWithNode() },
    detached: true,
  });
  channel.on('error', () => undefined);
  channel.pipe(child.stdin).on('error', () => undefined); // it may have closed its stdin, or ended
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.on('exit', (code, signal) => {
    if (!channel.writable) return; // the connection is gone, there is nobody to tell
    if (code !== null) channel.exit(code);
    else channel.exit(signal ?? 'SIGKILL', false, '');
  });
  child.on('close', () => {
    channel.end();
  });
  child.on('error', () => {
    channel.exit(127);
    channel.end();
  });
  // The command is left alone then: it sees a closed pipe if it writes, and the end of its input if it reads.
  channel.on('close', () => {
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
  });
}

/** The demo's application runs on the same Node as the demo. */
function pathWithNode(): string {
  return `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
}
