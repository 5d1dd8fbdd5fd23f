import type { FastifyRequest } from 'fastify';
import { Denied } from './access/denied.ts';

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i;

/**
 * For a server without tokens. There, whoever can connect is let in, so a web page open in the operator's browser must not
 * get through: neither by a cross-site request (its Origin is another one, or the browser says so in Sec-Fetch-Site), nor by a
 * name of its own that it makes resolve to 127.0.0.1. A server with tokens needs none of this: a browser adds no bearer token
 * to a page's requests by itself, and a reverse proxy on this machine rightly passes other names on. Throws Denied.
 */
export function refuseOtherSites(request: FastifyRequest): void {
  const { host = '', origin } = request.headers;
  if (origin !== undefined && !sameHost(origin, host))
    throw new Denied(403, `requests from pages of ${origin} are not taken`);
  if (isOfOtherPage(request)) throw new Denied(403, 'requests from pages of other sites are not taken');
  if (!LOOPBACK.test(host))
    throw new Denied(403, `reached without a token as ${host}, expected localhost or 127.0.0.1`);
}

/**
 * Another site's page asks, without an Origin: an `<img>`, a form by GET. Following a link is taken (Temporal's UI has links to
 * tasks), except to OpenDCP's routes, where a GET may change things.
 */
function isOfOtherPage({ headers, method, routeOptions }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== 'cross-site' && site !== 'same-site') return false;
  const isLink = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return !(isLink && method === 'GET' && !routeOptions.config.opendcp);
}

function sameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}
