import { NODE_STATUSES, type NodeCounts } from '../../model/status.ts';
import { words } from './text.ts';

/** `24 nodes: 20 ok, 3 failed, 1 skipped`. */
export function countsText(counts: NodeCounts): string {
  const parts = NODE_STATUSES.filter((status) => counts[status] > 0).map(
    (status) => `${counts[status]} ${words(status)}`,
  );
  return `${nodes(counts.total)}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
}

export function nodes(count: number): string {
  return count === 1 ? '1 node' : `${count} nodes`;
}
