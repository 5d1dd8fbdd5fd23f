import type { CatalogueReads } from './types.ts';

/** Names of the pools that are scaled by their load. */
export async function scaledPools({ pools }: Pick<CatalogueReads, 'pools'>): Promise<string[]> {
  const rows = await pools.all();
  return rows.filter(({ autoscale }) => autoscale !== null).map(({ name }) => name);
}
