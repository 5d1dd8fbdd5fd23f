/**
 * The way from a pool back to itself along what pools depend on: `['web', 'cache', 'web']`; undefined when there is none.
 * Names are the same without regard to case.
 */
export function cycleFrom(pool: string, dependenciesOf: (pool: string) => readonly string[]): string[] | undefined {
  const seen = new Set<string>();
  const search = (from: string, way: readonly string[]): string[] | undefined => {
    for (const next of dependenciesOf(from)) {
      if (next.toLowerCase() === pool.toLowerCase()) return [...way, pool];
      if (seen.has(next.toLowerCase())) continue;
      seen.add(next.toLowerCase());
      const found = search(next, [...way, next]);
      if (found) return found;
    }
    return undefined;
  };
  return search(pool, [pool]);
}
