import { badInput, EXIT, Failure } from '../failure.ts';
import type { NodeList, NodeView } from '../print/node.ts';
import { withQuery, type Api } from './api.ts';

/** ms that one request waits: what stands between may cut a connection that is quiet for longer, and `fetch` does after 300 s. */
const TURN = 120_000;

/** The node that an argument names: its id, `POOL/NAME`, or its name when no other pool has one of that name. */
export async function findNode(api: Api, what: string): Promise<NodeView> {
  if (/^\d+$/.test(what)) return api.get<NodeView>(nodePath(what));
  const slash = what.lastIndexOf('/');
  const pool = slash === -1 ? undefined : what.slice(0, slash);
  const { items } = await api.get<NodeList>(withQuery('/api/v1/nodes', { pool, name: what.slice(slash + 1) }));
  const [node, ...others] = items;
  if (!node)
    throw new Failure(EXIT.badInput, 'not_found', `there is no node ${what}, expected an id, POOL/NAME or a name`);
  if (others.length > 0)
    throw badInput(`several pools have a node ${what}: ${items.map((one) => `${one.pool}/${one.name}`).join(', ')}`);
  return node;
}

/** Asks for as long as `timeout` ms, several times when that is long: to ask again is to go on waiting. */
export async function drainNode(api: Api, { id }: { id: string }, timeout: number): Promise<void> {
  for (let left = timeout; ; left -= TURN) {
    try {
      const turn = Math.ceil(Math.min(left, TURN) / 1000);
      await api.send('POST', nodePath(id, '/drain'), { timeout: turn });
      return;
    } catch (error) {
      if (left <= TURN || !(error instanceof Failure && error.code === 'busy')) throw error;
    }
  }
}

export function nodePath(id: string, rest = ''): string {
  return `/api/v1/nodes/${id}${rest}`;
}
