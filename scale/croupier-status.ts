import type { CroupierNode } from './croupier-api.ts';
import type { Machine } from './provider.ts';

/**
 * The seed has no list of statuses. croupier itself writes `active`, `restarting`, and `draining` or `draining:SECONDS`, which
 * it leaves at that; others come from the nodes. Case is of no account, and what stands in none of these is on its way.
 */
const WORDS: Record<Exclude<Machine['status'], 'pending'>, readonly string[]> = {
  running: ['active', 'running', 'online', 'ready', 'healthy', 'up', 'normal', 'ok', 'available'],
  spare: ['drained', 'spare', 'standby', 'cordoned', 'disabled', 'inactive', 'maintenance'],
  leaving: ['draining', 'leaving', 'stopping', 'terminating', 'deleting'],
  failed: ['failed', 'error', 'offline', 'down', 'unhealthy', 'dead', 'lost', 'crashed', 'unreachable', 'stopped'],
  gone: ['gone', 'removed', 'deleted', 'terminated'],
};

const STATUSES = new Map(
  (Object.keys(WORDS) as (keyof typeof WORDS)[]).flatMap((status) =>
    WORDS[status].map((word): [string, Machine['status']] => [word, status]),
  ),
);

export function statusOf({ status, updatedAt }: Pick<CroupierNode, 'status' | 'updatedAt'>): Machine['status'] {
  const [word = '', seconds] = status.trim().toLowerCase().split(':');
  const found = STATUSES.get(word) ?? 'pending';
  const isOver = updatedAt !== undefined && Date.now() >= updatedAt + Number(seconds) * 1000;
  return word === 'draining' && isOver ? 'spare' : found;
}
