export const PORT_SHAPE = '[address:][port:]port[/tcp|/udp], with ports from 1 to 65535, as "8080:80"';

/** A TCP or UDP port, or undefined. */
export function portNumber(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** Whether docker would take this for `--publish`. Either port may be a range, as in `8000-8010:80-90`; the host's may be empty. */
export function isPublishedPort(text: string): boolean {
  const match = /^(?:(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+):(?=[^:]*:))?(?:([\d-]*):)?([\d-]+)(?:\/(?:tcp|udp|sctp))?$/.exec(
    text,
  );
  if (!match) return false;
  const [, host = '', container = ''] = match;
  return (host === '' || isRange(host)) && isRange(container);
}

function isRange(text: string): boolean {
  const ends = text.split('-').map(portNumber);
  const [from, to = from] = ends;
  return ends.length <= 2 && from !== undefined && to !== undefined && from <= to;
}
