import type { Json } from '../../model/json.ts';
import type { Node } from '../../model/node.ts';
import { Invalid } from '../../model/parse/problem.ts';
import { parseNodes } from '../../model/parse/index.ts';
import type { PoolNodeRow } from '../../store/catalogue/types.ts';
import type { Call } from './call.ts';
import { DONE, paged, replied, sorted, type Reply } from './envelope.ts';
import { inWords } from './errors.ts';
import { notFound, Refusal } from './refusal.ts';
import type { Route } from './table.ts';

export const nodeRoutes: Route[] = [
  { path: '/pool/:id/list_nodes', access: 'viewer', answer: list },
  { path: '/pool/:id/add_nodes', access: 'operator', answer: add },
  { path: '/pool/:id/remove_nodes', access: 'operator', answer: remove },
  { path: '/pool/search_by_ip/*', access: 'viewer', answer: search },
];

const NO_POOL = new Refusal(404, 'pool_id is not vaild');
const KNOWN = new Refusal(404, 'ip exists already');

async function list(call: Call): Promise<Reply> {
  const found = await call.catalogue.nodes.page({ poolId: call.id, ...call.namedPage });
  return paged(call.page, found, showNode);
}

/** All of them or none. */
async function add(call: Call): Promise<Reply> {
  const { id } = call;
  const ips = call.fields.texts('nodes') ?? [];
  if (ips.some((ip) => ip.trim() === '')) throw new Refusal(400, 'ip is empty');
  const nodes = ips.map(nodeAt);
  const added = await call
    .change(async (edit) => {
      if (!(await edit.pools.get(id))) throw NO_POOL;
      const addresses = nodes.map(({ address }) => address);
      if (new Set(addresses).size < addresses.length || (await edit.nodes.at(addresses)).length > 0) throw KNOWN;
      return await edit.nodes.add(
        id,
        nodes.map((node) => ({ node })),
      );
    })
    .catch(inWords({ nameTaken: () => KNOWN }));
  return replied(added.map((row) => row.id));
}

/** Refuses (400) what no task could reach. Port, user and key of a node known by its address come from the pool or ssh_config. */
function nodeAt(ip: string): Node {
  try {
    const [node] = parseNodes([{ name: ip, address: ip }]);
    if (node) return node;
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
  }
  throw new Refusal(400, `${JSON.stringify(ip)} is no address: expected an IP address or the name of a host`);
}

/** Nodes of this pool, by their ids; all of them or none. */
async function remove(call: Call): Promise<Reply> {
  const { id } = call;
  const ids = [...new Set(call.fields.ints('nodes') ?? [])];
  await call.change(async (edit) => {
    if (!(await edit.pools.get(id))) throw NO_POOL;
    const known = new Set((await edit.nodes.all(id)).map((node) => node.id));
    const strangers = ids.filter((one) => !known.has(one));
    if (strangers.length > 0)
      throw new Refusal(400, `error when delete id: ${strangers.join(',')} (no such node in this pool)`);
    await edit.nodes.remove(ids);
  });
  return DONE;
}

/** The pool of each address; -1 for one that no pool has. */
async function search(call: Call): Promise<Reply> {
  const list = call.word('*').replace(/\/$/, '');
  if (list === '') throw notFound('/pool/search_by_ip/');
  const ips = list.split(',');
  const pools = new Map<string, number>();
  for (const { address, poolId } of await call.catalogue.nodes.at(ips.filter((ip) => !ip.includes('\0'))))
    if (!pools.has(address)) pools.set(address, poolId);
  return replied(sorted(Object.fromEntries(ips.map((ip) => [ip, pools.get(ip) ?? -1]))));
}

/** Of a machine that has no address, or none yet. */
export const NO_IP = '-';

function showNode({ id, address, vmId, status, nodeType }: PoolNodeRow): Json {
  return { id, ip: address || NO_IP, vm_id: vmId, status, node_type: nodeType };
}
