import { randomInt } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../embedded/port.ts';
import type { Node } from '../model/node.ts';
import { newKeyPair } from './keys.ts';
import { NodeServer } from './node-server.ts';

export interface DemoNode {
  name: string;
  /** Its home folder. */
  root: string;
  /** Of the application that is deployed on it. */
  url: string;
}

export interface DemoFleet {
  nodes: DemoNode[];
  /** As a nodes file has them. */
  list: { defaults: Partial<Node>; nodes: Node[] };
  close(): Promise<void>;
}

/** `size` SSH servers on free ports of loopback, each with its own folder and host key, listed in a known_hosts file. */
export async function startFleet(folder: string, size: number): Promise<DemoFleet> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const identityFile = join(folder, 'id_ed25519');
  const knownHosts = join(folder, 'known_hosts');
  const clientKey = newKeyPair();
  await writeFile(identityFile, clientKey.private, { mode: 0o600 });

  const webPorts = await freePorts(size);
  const started = await Promise.all(
    names(size).map(async (name, i) => {
      const hostKey = newKeyPair();
      const root = join(folder, 'nodes', name);
      const server = await NodeServer.start({ root, hostKey: hostKey.private, clientKey: clientKey.parsed });
      return { name, root, server, webPort: webPorts[i] ?? 0, known: `[127.0.0.1]:${server.port} ${hostKey.public}` };
    }),
  );
  await writeFile(knownHosts, started.map(({ known }) => `${known}\n`).join(''));
  return {
    nodes: started.map(({ name, root, webPort }) => ({ name, root, url: `http://127.0.0.1:${webPort}` })),
    list: {
      defaults: { user: 'demo', identityFile, knownHosts },
      nodes: started.map(({ name, root, server, webPort }) => ({
        name,
        address: '127.0.0.1',
        port: server.port,
        params: { port: String(webPort), dir: root },
      })),
    },
    close: async () => {
      await Promise.all(started.map(({ server }) => server.close()));
    },
  };
}

function names(size: number): string[] {
  return Array.from({ length: size }, (_, i) => `web-${String(i + 1).padStart(2, '0')}`);
}

/**
 * Side by side, and below the range that systems give to outgoing connections: nobody else comes by them before the
 * application listens. Where they begin is random, for two demos at once.
 */
async function freePorts(size: number): Promise<number[]> {
  const ports: number[] = [];
  for (let next = randomInt(18_000, 30_000); ports.length < size; next = (ports.at(-1) ?? next) + 1) {
    ports.push(await freePort(next));
  }
  return ports;
}
