import type { AddressInfo } from 'node:net';
import { isLoopbackHost } from './access/addresses.ts';
import type { Parts } from './parts.ts';
import { buildServer } from './server.ts';

/**
 * Serves the API at a host and port until closed. Port 0 takes a free one. Throws OpenToAll when others than this machine
 * could reach it, and there is no token to ask them for.
 */
export async function serve(
  parts: Parts,
  { host, port }: { host: string; port: number },
): Promise<{ url: string; close(): Promise<void> }> {
  const reach = (await isLoopbackHost(host)) ? 'loopback' : 'network';
  if (reach === 'network' && parts.access?.adminToken === undefined && (await parts.store.tokens.count()) === 0)
    throw new OpenToAll(host);
  const app = buildServer(parts, reach);
  await app.listen({ host, port });
  const { port: taken } = app.server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${name}:${taken}`, close: () => app.close() };
}

class OpenToAll extends Error {
  constructor(host: string) {
    super(`there are no tokens, so a server at ${host} would do what anybody asks of it.
Make one first: start the server on loopback (--listen 127.0.0.1:7610) and run \`drover token create NAME --role admin\`;
or set DROVER_ADMIN_TOKEN, as made by \`openssl rand -hex 24\`.`);
  }
}
