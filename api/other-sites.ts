import type { App } from './app.ts';
import { ApiError } from './errors.ts';

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i;

/**
 * There is no password on loopback, so a web page open in the operator's browser must not get through: neither by a
 * cross-site request (its Origin is another one), nor by a name of its own that it makes resolve to 127.0.0.1.
 */
export function refuseOtherSites(app: App): void {
  app.addHook('onRequest', (request, _, done) => {
    const { host = '', origin } = request.headers;
    if (origin !== undefined && !sameHost(origin, host))
      throw new ApiError(403, 'forbidden', `requests from pages of ${origin} are not taken`);
    if (isLoopback(request.socket.localAddress) && !LOOPBACK.test(host))
      throw new ApiError(403, 'forbidden', `reached over loopback as ${host}, expected localhost or 127.0.0.1`);
    done();
  });
}

function sameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === '::1' || /^(::ffff:)?127\./.test(address));
}
