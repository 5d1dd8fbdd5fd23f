import type { Json } from '../../model/json.ts';
import { recorded } from '../access/recorded.ts';
import type { App } from '../app.ts';
import { nodeCommands } from '../nodes/commands.ts';
import { findNode, fullName, nodeView, noNode } from '../nodes/find.ts';
import type { Parts } from '../parts.ts';
import { anyError } from '../schemas/error.ts';
import { byNodeId, commandList, meta, node, nodeList, nodesQuery } from '../schemas/pool-nodes.ts';
import { actRoutes } from './node-acts.ts';

/** Of a node's meta, in bytes of JSON. */
const META_LIMIT = 64 * 1024;

const tags = ['nodes'];

/** The nodes of all pools by id, as seed 002 has its nodes. */
export function nodeRoutes(app: App, parts: Parts): void {
  readRoutes(app, parts);
  metaRoutes(app, parts);
  actRoutes(app, parts);
}

function readRoutes(app: App, parts: Parts): void {
  const { store } = parts;
  app.get(
    '/api/v1/nodes',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'Nodes of all pools',
        tags,
        querystring: nodesQuery,
        response: { 200: nodeList, ...anyError },
      },
    },
    async ({ query }) => {
      const { type, status, pool, name, limit, cursor } = query;
      const { items, next } = await store.nodes.list({
        limit,
        ...(type !== undefined && { type }),
        ...(status !== undefined && { status }),
        ...(pool !== undefined && { pool }),
        ...(name !== undefined && { name }),
        ...(cursor !== undefined && { after: Number(cursor) }),
      });
      return { items: items.map(nodeView), next: next === undefined ? null : String(next) };
    },
  );
  app.get(
    '/api/v1/nodes/commands',
    {
      config: { access: 'viewer' },
      schema: { summary: 'What can be run on nodes', tags, response: { 200: commandList, ...anyError } },
    },
    async () => ({ items: await nodeCommands(store.catalogue) }),
  );
  app.get(
    '/api/v1/nodes/:id',
    {
      config: { access: 'viewer' },
      schema: { summary: 'One node', tags, params: byNodeId, response: { 200: node, ...anyError } },
    },
    async ({ params }) => nodeView(await findNode(parts, params.id)),
  );
}

function metaRoutes(app: App, parts: Parts): void {
  const answers = { tags, params: byNodeId, response: { 200: meta, ...anyError } };
  app.get(
    '/api/v1/nodes/:id/meta',
    { config: { access: 'viewer' }, schema: { summary: 'What is kept with a node', ...answers } },
    async ({ params }) => ({ meta: await metaOf(parts, params.id) }),
  );
  app.put(
    '/api/v1/nodes/:id/meta',
    {
      config: { access: 'operator' },
      bodyLimit: META_LIMIT,
      schema: { summary: 'Put any JSON with a node, in place of what was there', ...answers, body: meta },
    },
    async (request) => {
      const found = await findNode(parts, request.params.id);
      const before = await metaOf(parts, request.params.id);
      // A body is JSON.
      const after = request.body.meta as Json;
      const asked = { action: 'node.meta', kind: 'node', name: fullName(found), before, after };
      await recorded(parts, request, asked, () => parts.store.nodes.setMeta(found.id, after));
      return { meta: await metaOf(parts, request.params.id) };
    },
  );
}

/** Throws ApiError 404. */
async function metaOf(parts: Parts, id: string): Promise<Json> {
  const found = await findNode(parts, id);
  const kept = await parts.store.nodes.meta(found.id);
  if (kept === undefined) throw noNode(id);
  return kept;
}
