import { Invalid, type Problem } from '../../model/parse/problem.ts';
import { cycleFrom } from '../../model/pool/cycle.ts';
import type { CatalogueReads, PoolRow } from './types.ts';

/**
 * Checks what a pool depends on, once it is written, with all that is written along with it: other pools that are there, and
 * no way back to itself. `path`: of the pool in what was asked for. Throws Invalid.
 */
export async function checkDependencies(reads: CatalogueReads, pool: PoolRow, path = ''): Promise<void> {
  const { name, dependsOn } = pool;
  if (!dependsOn) return;
  const pools = new Map((await reads.pools.all()).map((row) => [row.name.toLowerCase(), row]));
  const namesOf = (of: string) =>
    (pools.get(of.toLowerCase())?.dependsOn ?? []).map((one) => pools.get(one.pool.toLowerCase())?.name ?? one.pool);
  const problems = dependsOn.flatMap((one, i): Problem[] => {
    const place = `${path}dependsOn[${i}].pool`;
    if (!pools.has(one.pool.toLowerCase()))
      return [{ path: place, message: `there is no pool named ${one.pool}`, expected: 'one that is there' }];
    return [];
  });
  if (problems.length > 0) throw new Invalid(problems);
  const cycle = cycleFrom(name, namesOf);
  if (!cycle) return;
  const place = dependsOn.findIndex((one) => one.pool.toLowerCase() === cycle[1]?.toLowerCase());
  const message = `makes a cycle: ${cycle.join(' → ')}`;
  throw new Invalid([
    { path: `${path}dependsOn[${place}].pool`, message, expected: 'pools that do not depend on this one' },
  ]);
}
