import type { AddressInfo } from 'node:net';
import { buildServer } from './server.ts';
import type { Parts } from './parts.ts';

/** Serves the API at a host and port until closed. Port 0 takes a free one. */
export async function serve(
  parts: Parts,
  { host, port }: { host: string; port: number },
): Promise<{ url: string; close(): Promise<void> }> {
  const app = buildServer(parts);
  await app.listen({ host, port });
  const { port: taken } = app.server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${name}:${taken}`, close: () => app.close() };
}
