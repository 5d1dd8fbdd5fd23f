/** The path of a pool, or of something of it. */
export function poolPath(name: string, rest = ''): string {
  return `/api/v1/pools/${encodeURIComponent(name)}${rest}`;
}
