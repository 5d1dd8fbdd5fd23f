import { appendFileSync, readFileSync } from 'node:fs';
import net from 'node:net';
import type { Target } from '../../remote/target.ts';

/** A way to a node that can break: connections reset, or frozen without a word. */
export interface Proxy {
  target: Target;
  /** Resets all connections; says how many there were. */
  reset(): number;
  /** Passes nothing on any more over the connections there are, as a network that drops packets. */
  freeze(): void;
  /** Connections now open. */
  open(): number;
  /** From now on: connections are refused (the port closed), or accepted again. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  close(): Promise<void>;
}

/** Adds the proxy's own address to the target's known_hosts file. */
export async function startProxy(target: Target): Promise<Proxy> {
  const pairs = new Set<[net.Socket, net.Socket]>();
  const server = net.createServer((near) => {
    const far = net.connect({ host: target.address, port: target.port ?? 22, noDelay: true });
    near.setNoDelay(true);
    near.pipe(far);
    far.pipe(near);
    const pair: [net.Socket, net.Socket] = [near, far];
    pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        pairs.delete(pair);
        for (const one of pair) one.destroy();
      });
    }
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as net.AddressInfo;
  if (target.knownHosts !== undefined) makeKnown(target.knownHosts, target, port);
  const refuse = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const pair of pairs) for (const socket of pair) socket.destroy();
    });
  return {
    target: { ...target, address: '127.0.0.1', port },
    reset: () => {
      const count = pairs.size;
      for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy();
      return count;
    },
    freeze: () => {
      for (const [near, far] of pairs) {
        near.unpipe(far).pause();
        far.unpipe(near).pause();
      }
    },
    open: () => pairs.size,
    refuse,
    accept: () => listen(port),
    close: refuse,
  };
}

function makeKnown(file: string, { address, port = 22 }: Target, proxyPort: number): void {
  const name = `[${address}]:${port} `;
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(name));
  appendFileSync(file, lines.map((line) => `[127.0.0.1]:${proxyPort} ${line.slice(name.length)}\n`).join(''));
}
