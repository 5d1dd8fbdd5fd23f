import { InvalidArgumentError } from '@commander-js/extra-typings';

/** A TCP port, for commander. */
export function portOption(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new InvalidArgumentError('expected a port, 1 to 65535');
  return port;
}
