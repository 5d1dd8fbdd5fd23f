import type { Json } from '../../model/json.ts';
import type { Orion, OrionRow } from './orion.ts';

/** An orion's catalogue as POST /api/v1/import/opendcp takes it. */
export interface OrionCatalogue {
  source: string;
  clusters: OrionRow[];
  services: OrionRow[];
  pools: OrionRow[];
  /** By the pool's id. */
  nodes_by_pool: Record<string, OrionRow[]>;
  actions: OrionRow[];
  actimpls: OrionRow[];
  remote_steps: OrionRow[];
  templates: OrionRow[];
}

/** Reads the catalogue of a running orion. `warnings`: what it has besides, and is not taken over. */
export async function readOrion(orion: Orion): Promise<{ catalogue: OrionCatalogue; warnings: string[] }> {
  const clusters = await orion.all('/cluster/list');
  const services = await below(clusters, (id) => orion.all(`/cluster/${id}/list_services`));
  const pools = await below(services, (id) => orion.all(`/service/${id}/list_pools`));
  const nodes: OrionCatalogue['nodes_by_pool'] = {};
  for (const { id } of pools) nodes[id] = await orion.all(`/pool/${id}/list_nodes`);
  const catalogue = {
    source: orion.url,
    clusters,
    services,
    pools,
    nodes_by_pool: nodes,
    actions: await orion.all('/action/list'),
    actimpls: await orion.all('/actimpl/list'),
    remote_steps: await orion.all('/remote_step/list'),
    templates: await orion.all('/task_tpl/list'),
  };
  return { catalogue, warnings: await schedulesLeft(orion, pools) };
}

async function below(rows: OrionRow[], read: (id: number) => Promise<OrionRow[]>): Promise<OrionRow[]> {
  const lists: OrionRow[][] = [];
  for (const { id } of rows) lists.push(await read(id));
  return lists.flat();
}

/** Pools whose machines come and go by the clock, or with those of another pool. */
async function schedulesLeft(orion: Orion, pools: OrionRow[]): Promise<string[]> {
  const warnings: string[] = [];
  for (const pool of pools) {
    for (const list of ['expandList', 'uploadList']) {
      const place = `/task/${list}/${pool.id}`;
      const items = itemsOf(await orion.maybe(place));
      const count = items === 1 ? '1 item' : `${items} items`;
      if (items > 0) warnings.push(`pool ${nameOf(pool)}: its schedule (${place}, ${count}) is not taken over`);
    }
  }
  return warnings;
}

function nameOf({ id, name }: OrionRow): string {
  return typeof name === 'string' ? name : `with id ${id}`;
}

function itemsOf(schedule: Json | undefined): number {
  if (typeof schedule !== 'object' || schedule === null || Array.isArray(schedule)) return 0;
  const lists = [schedule['cron_items'], schedule['depend_items']];
  return lists.reduce<number>((sum, list) => sum + (Array.isArray(list) ? list.length : 0), 0);
}
