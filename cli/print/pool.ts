import { nodes as nodesText } from './counts.ts';
import { table } from './table.ts';
import { plain } from './text.ts';
import { clock } from './time.ts';

/** A pool as GET /api/v1/pools/:name gives it; what is not printed is left out. */
export interface PoolView {
  name: string;
  desc?: string;
  service: string;
  templates?: Record<string, string>;
  count: number;
  nodes: { name: string; address: string; providerId: string | null; status: string; joinedAt: string }[];
}

export interface PoolList {
  items: (Pick<PoolView, 'name' | 'desc' | 'service'> & { count: number })[];
  next: string | null;
}

export function poolTable({ items, next }: PoolList): string {
  if (items.length === 0) return 'no pools';
  const rows = items.map(({ name, service, count, desc }) => [
    plain(name),
    plain(service),
    String(count),
    plain(desc ?? ''),
  ]);
  const more = next === null ? [] : ['', 'there are more: --limit N, or --search TEXT'];
  return [table(['POOL', 'SERVICE', 'NODES', 'DESCRIPTION'], rows), ...more].join('\n');
}

export function poolText({ name, desc = '', service, templates = {}, count, nodes }: PoolView): string {
  const lines = [
    ['name', name],
    ['description', desc],
    ['service', service],
    ...Object.entries(templates).map(([purpose, template]) => [purpose, template]),
    ['nodes', nodesText(count)],
  ];
  const head = lines
    .filter(([, value]) => value !== '')
    .map(([label = '', value = '']) => `${plain(label).padEnd(12)} ${plain(value)}`);
  return nodes.length === 0 ? head.join('\n') : [...head, '', nodesTable(nodes)].join('\n');
}

function nodesTable(nodes: PoolView['nodes']): string {
  const rows = nodes.map(({ name, address, status, joinedAt, providerId }) => [
    name,
    address === name ? '' : address,
    status,
    clock(joinedAt),
    providerId ?? '',
  ]);
  return table(['NODE', 'ADDRESS', 'STATUS', 'JOINED', 'PROVIDER ID'], rows);
}
