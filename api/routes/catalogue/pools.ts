import { parseNodes } from '../../../model/parse/index.ts';
import { Invalid } from '../../../model/parse/problem.ts';
import { NoSuchReference } from '../../../store/catalogue/errors.ts';
import type { Edit, PoolFilter, PoolNodeRow, PoolRow } from '../../../store/catalogue/types.ts';
import type { App } from '../../app.ts';
import type { Parts } from '../../parts.ts';
import { nodesOfFile } from '../../schemas/catalogue-documents.ts';
import { byName, poolNodesQuery } from '../../schemas/catalogue-query.ts';
import { nodeNames, nodesAdded, nodesRemoved, poolNodePage, schemasOf } from '../../schemas/catalogue.ts';
import { anyError } from '../../schemas/error.ts';
import { poolNodeView, poolSummaries, poolViews } from '../../views/catalogue-pools.ts';
import { poolBesides } from '../../views/pool-besides.ts';
import { found, thingRoutes, type KindOfThing } from './kind.ts';

/** Some ten thousand nodes. */
const NODES_LIMIT = 8 * 1024 * 1024;

const POOL: KindOfThing<PoolRow, PoolFilter> = {
  kind: 'pool',
  plural: 'pools',
  reader: (reads) => reads.pools,
  writer: (edit) => edit.pools,
  schemas: schemasOf('pool'),
  views: poolViews,
  besides: poolBesides,
  isFollowed: true,
  summaries: poolSummaries,
  filter: async ({ services }, { service: name }) => {
    if (name === undefined) return {};
    const service = await services.named(name);
    if (!service) throw new NoSuchReference('service', 'service', name);
    return { serviceId: service.id };
  },
  // The status of its nodes changes with each task over them.
  isVersioned: false,
};

export function poolRoutes(app: App, parts: Parts): void {
  thingRoutes(app, parts, POOL);
  listNodes(app, parts);
  changeNodes(app, parts);
}

function listNodes(app: App, { store }: Parts): void {
  app.get(
    '/api/v1/pools/:name/nodes',
    {
      config: { access: 'viewer' },
      schema: {
        ...{ summary: "A page of a pool's nodes, oldest first", tags: ['pools'], params: byName },
        ...{ querystring: poolNodesQuery, response: { 200: poolNodePage, ...anyError } },
      },
    },
    async ({ params, query }) => {
      const { id } = await found(POOL, store.catalogue, params.name);
      const { page, page_size, name } = query;
      const { items, total } = await store.catalogue.nodes.page({
        ...{ poolId: id, page, pageSize: page_size },
        ...(name !== undefined && { name }),
      });
      return { items: items.map(poolNodeView), page, page_size, total };
    },
  );
}

function changeNodes(app: App, { store }: Parts): void {
  app.post(
    '/api/v1/pools/:name/nodes',
    {
      config: { access: 'operator' },
      bodyLimit: NODES_LIMIT,
      schema: {
        ...{ summary: 'Add nodes to a pool, as a nodes file has them', tags: ['pools'], params: byName },
        ...{ body: nodesOfFile, response: { 201: nodesAdded, ...anyError } },
      },
    },
    async ({ actor, params, body }, reply) => {
      const nodes = parseNodes(body);
      const answer = await store.catalogue.change(actor, async (edit) => {
        const { id } = await found(POOL, edit, params.name);
        const added = await edit.nodes.add(
          id,
          nodes.map((node) => ({ node })),
        );
        return { nodes: added.map(poolNodeView), count: await countOf(edit, id) };
      });
      return reply.code(201).send(answer);
    },
  );

  app.delete(
    '/api/v1/pools/:name/nodes',
    {
      config: { access: 'operator' },
      bodyLimit: NODES_LIMIT,
      schema: {
        ...{ summary: 'Take nodes out of a pool: all of these, or none', tags: ['pools'], params: byName },
        ...{ body: nodeNames, response: { 200: nodesRemoved, ...anyError } },
      },
    },
    ({ actor, params, body }) =>
      store.catalogue.change(actor, async (edit) => {
        const { id, name } = await found(POOL, edit, params.name);
        const nodes = named(await edit.nodes.all(id), name, body.names);
        await edit.nodes.remove(nodes.map((node) => node.id));
        return { removed: nodes.map((node) => node.name), count: await countOf(edit, id) };
      }),
  );
}

/** The nodes of these names, each once. Throws Invalid with every name that none has. */
function named(nodes: readonly PoolNodeRow[], pool: string, names: readonly string[]): PoolNodeRow[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const unknown = names.flatMap((name, i) =>
    byName.has(name) ? [] : [{ path: `names[${i}]`, message: `pool ${pool} has no node named ${name}` }],
  );
  if (unknown.length > 0) throw new Invalid(unknown);
  return [...new Set(names)].flatMap((name) => byName.get(name) ?? []);
}

async function countOf(edit: Edit, poolId: number): Promise<number> {
  return (await edit.nodes.counts([poolId])).get(poolId) ?? 0;
}
