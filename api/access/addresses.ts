import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';

/** IPv4 addresses mapped into IPv6, as a socket on `::` shows them, are found by their IPv4 rules. */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

function isLoopback(address: string): boolean {
  return isIn(LOOPBACK, address);
}

/** Whether a server that listens at this host can be reached from this machine alone. */
export async function isLoopbackHost(host: string): Promise<boolean> {
  const addresses = isIP(host) ? [host] : (await lookup(host, { all: true })).map(({ address }) => address);
  return addresses.length > 0 && addresses.every(isLoopback);
}

export function isIn(addresses: BlockList, address: string): boolean {
  const [bare = ''] = address.split('%'); // without the zone of a link-local one
  const family = isIP(bare);
  return family !== 0 && addresses.check(bare, family === 6 ? 'ipv6' : 'ipv4');
}

/** Reads `192.0.2.7, 10.0.0.0/8, fd00::/8`. Throws, naming the part that is neither an IP address nor a CIDR. */
export function trustedAddresses(text: string): BlockList {
  const addresses = new BlockList();
  for (const part of text.split(',').map((one) => one.trim())) {
    if (part === '') continue;
    const [address = '', bits, ...more] = part.split('/');
    const family = isIP(address);
    const widest = family === 6 ? 128 : 32;
    const isPrefix = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= widest);
    if (family === 0 || address.includes('%') || !isPrefix || more.length > 0)
      throw new Error(
        `DROVER_TRUSTED_ADDRESSES: "${part}" is no address, expected IPs and CIDRs with commas, as 192.0.2.7,10.0.0.0/8`,
      );
    addresses.addSubnet(address, bits === undefined ? widest : Number(bits), family === 6 ? 'ipv6' : 'ipv4');
  }
  return addresses;
}

/** `192.0.2.7` for `::ffff:192.0.2.7`. */
export function plainAddress(address: string | undefined): string | null {
  return address?.replace(/^::ffff:(?=\d+\.)/i, '') ?? null;
}
