import { parseDocument } from '../../model/parse/index.ts';
import type { Document } from '../../model/catalogue/document.ts';
import type { Actor } from '../../model/actor.ts';
import { apply } from '../../store/catalogue/apply.ts';
import type { PoolNodeRow, PoolRow } from '../../store/catalogue/types.ts';
import type { Store } from '../../store/store.ts';

const TESTER: Actor = { name: 'tester', role: 'admin', via: 'local', from: null };

export async function applyAll(store: Store, documents: readonly unknown[]): Promise<void> {
  const parsed: Document[] = documents.map((document) => parseDocument(document));
  await store.catalogue.change(TESTER, (edit) => apply(edit, parsed, { prune: false }));
}

/** What every pool of the tests belongs to. */
export const SERVICE = [
  { kind: 'cluster', name: 'shop' },
  { kind: 'service', name: 'shop-web', cluster: 'shop' },
];

/** Templates named as their purpose with the pool's name before it. */
export function templatesOf(pool: string, steps: Record<'expand' | 'shrink' | 'deploy', unknown[]>): unknown[] {
  return Object.entries(steps).map(([purpose, list]) => ({
    kind: 'template',
    name: `${pool}-${purpose}`,
    steps: list,
  }));
}

export function poolNamed(name: string, others: object): unknown {
  const templates = { expand: `${name}-expand`, shrink: `${name}-shrink`, deploy: `${name}-deploy` };
  return { kind: 'pool', name, service: 'shop-web', templates, ...others };
}

export async function poolOf(store: Store, name: string): Promise<PoolRow & { nodes: PoolNodeRow[] }> {
  const pool = await store.catalogue.pools.named(name);
  if (!pool) throw new Error(`there is no pool ${name}`);
  return { ...pool, nodes: await store.catalogue.nodes.all(pool.id) };
}
