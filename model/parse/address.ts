import { portNumber } from '../ports.ts';

/** The parts of `[user@]host[:port]`, as people write where a machine is. */
export interface Address {
  user?: string;
  host: string;
  port?: number;
}

export const ADDRESS_SHAPE = 'an address as host, host:port, user@host or [2001:db8::1]:22';

/** Undefined when it is none. IPv6 addresses stand in brackets before a port. */
export function readAddress(text: string): Address | undefined {
  const [, user, bracketed, bare, portText] =
    /^(?:([^\s@:[\]/-][^\s@:[\]/]*)@)?(?:\[([^\s[\]@]+)\]|([^\s[\]@]+?))(?::(\d+))?$/.exec(text) ?? [];
  if (bare !== undefined && isIpv6(bare + (portText === undefined ? '' : `:${portText}`))) {
    return { ...(user !== undefined && { user }), host: bare + (portText === undefined ? '' : `:${portText}`) };
  }
  const host = bracketed ?? bare ?? '';
  const port = portText === undefined ? undefined : portNumber(portText);
  if (bracketed === undefined ? !isHost(host) : !isIpv6(host)) return undefined;
  if (portText !== undefined && port === undefined) return undefined;
  return { ...(user !== undefined && { user }), host, ...(port !== undefined && { port }) };
}

/** A host's name or IPv4 or IPv6 address, with nothing around it. */
export function isHost(text: string): boolean {
  return isIpv6(text) || /^[\p{L}\p{N}_](?:[\p{L}\p{N}._-]{0,252})$/u.test(text);
}

function isIpv6(text: string): boolean {
  const [address = '', zone] = text.split('%');
  return URL.canParse(`http://[${address}]/`) && (zone === undefined || /^[\w.-]+$/.test(zone));
}
