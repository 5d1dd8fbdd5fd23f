import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DemoNode } from './fleet.ts';

/** What each node's web server says it is; null where none answers. */
export type Versions = Map<DemoNode, string | null>;

export async function versionsOn(nodes: DemoNode[]): Promise<Versions> {
  const versions = await Promise.all(nodes.map(async (node) => [node, await versionOn(node)] as const));
  return new Map(versions);
}

async function versionOn({ url }: DemoNode): Promise<string | null> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
  return response?.ok ? (await response.text()).trim() : null;
}

export async function endWebServers(nodes: DemoNode[]): Promise<void> {
  for (const { root } of nodes) {
    const pid = Number(await readFile(join(root, 'server.pid'), 'utf8').catch(() => ''));
    if (pid) end(pid);
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended already
  }
}
