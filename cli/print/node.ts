import { table } from './table.ts';
import { plain } from './text.ts';
import { clock } from './time.ts';

/** A node as GET /api/v1/nodes/:id gives it. */
export interface NodeView {
  id: string;
  name: string;
  pool: string;
  service: string;
  type: string;
  status: string;
  address: string | null;
  providerId: string | null;
  drainedBy: string | null;
  joinedAt: string;
}

export interface NodeList {
  items: NodeView[];
  next: string | null;
}

export function nodeTable({ items, next }: NodeList): string {
  if (items.length === 0) return 'no nodes';
  const rows = items.map(({ id, name, pool, type, status, drainedBy, address }) =>
    [id, name, pool, type, status, drainedBy ?? '', address ?? ''].map(plain),
  );
  const more = next === null ? [] : ['', 'there are more: --limit N, --pool NAME, --type TYPE or --status STATUS'];
  return [table(['ID', 'NODE', 'POOL', 'TYPE', 'STATUS', 'DRAINED BY', 'ADDRESS'], rows), ...more].join('\n');
}

export function nodeText({ joinedAt, drainedBy, providerId, ...node }: NodeView): string {
  const lines = Object.entries({
    ...node,
    'drained by': drainedBy,
    'provider id': providerId,
    joined: clock(joinedAt),
  });
  return lines.flatMap(([label, value]) => (value ? [`${label.padEnd(12)} ${plain(value)}`] : [])).join('\n');
}
