import type { StandingNode } from '../../store/nodes-of-pools.ts';
import { ApiError } from '../errors.ts';
import type { Parts } from '../parts.ts';

/** By its id as text. Throws ApiError 404. */
export async function findNode({ store }: Pick<Parts, 'store'>, id: string): Promise<StandingNode> {
  const node = /^\d{1,15}$/.test(id) ? await store.nodes.get(Number(id)) : undefined;
  if (!node) throw noNode(id);
  return node;
}

export function noNode(id: string): ApiError {
  return new ApiError(404, 'not_found', `there is no node with id ${id}`);
}

/** What the audit and messages call it. */
export function fullName({ pool, name }: Pick<StandingNode, 'pool' | 'name'>): string {
  return `${pool}/${name}`;
}

export function nodeView({ id, address, providerId, drainedBy, joinedAt, ...node }: StandingNode) {
  const { name, pool, service, type, status } = node;
  return {
    ...{ id: String(id), name, pool, service, type, status },
    address: orNull(address),
    providerId: orNull(providerId),
    drainedBy: orNull(drainedBy),
    joinedAt: joinedAt.toISOString(),
  };
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}
