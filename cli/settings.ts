import { trustedAddresses } from '../api/access/addresses.ts';
import { ADMIN_TOKEN, adminToken, type AccessSettings } from '../api/access/settings.ts';
import { badInput } from './failure.ts';

/** What the servers read from the environment, besides TEMPORAL_* (which the Temporal SDK reads). */
export function databaseUrl(): string {
  const url = process.env['DATABASE_URL'];
  if (!url) throw badInput('DATABASE_URL is not set, expected postgres://user@host/database');
  return url;
}

/** How nodes are reached; `pinnedHosts` keeps the keys that `hostKeys: first-use` accepts. */
export function sshSettings(pinnedHosts: string): { sshConfigFile?: string; pinnedHosts: string } {
  const config = process.env['DROVER_SSH_CONFIG'];
  return { ...(config && { sshConfigFile: config }), pinnedHosts: process.env['DROVER_PINNED_HOSTS'] ?? pinnedHosts };
}

/** Who is let in, besides the store's tokens. */
export function accessSettings(): AccessSettings {
  const { [ADMIN_TOKEN]: secret, DROVER_TRUSTED_ADDRESSES: addresses } = process.env;
  try {
    return {
      ...(secret && { adminToken: adminToken(secret) }),
      ...(addresses && { trusted: trustedAddresses(addresses) }),
    };
  } catch (error) {
    throw badInput(error instanceof Error ? error.message : String(error));
  }
}

/** `host:port`, `[::1]:port` or a port alone on loopback. */
export function listenAddress(text: string): { host: string; port: number } {
  const [, host = '127.0.0.1', port = ''] = /^(?:\[?([^[\]]+)\]?:)?(\d{1,5})$/.exec(text) ?? [];
  if (port === '' || Number(port) > 65_535) throw badInput(`--listen ${text}: expected host:port, as 127.0.0.1:7610`);
  return { host, port: Number(port) };
}
