import type { TaskStatus } from '../../model/status.ts';
import { nodes as nodesText } from './counts.ts';
import { table } from './table.ts';
import { paint, plain, styleOf, words } from './text.ts';
import { clock } from './time.ts';

/** A pool as GET /api/v1/pools/:name gives it; what is not printed is left out. */
export interface PoolView {
  name: string;
  desc?: string;
  service: string;
  templates?: Record<string, string>;
  provider: Record<string, { endpoint?: string; spares?: unknown[] }> | null;
  limits?: { min?: number; max?: number; minAvailable?: number | string };
  onFailure?: string;
  dependsOn?: { pool: string; ratio: number; extra?: number; before: string }[];
  count: number;
  nodes: PoolNode[];
  queue: { name: string; status: TaskStatus; reason: string }[];
  unreleased: { providerId: string; task: string | null; reason: string }[];
}

interface PoolNode {
  name: string;
  address: string;
  providerId: string | null;
  status: string;
  drained: boolean;
  joinedAt: string;
}

export interface PoolList {
  items: Pick<PoolView, 'name' | 'desc' | 'service' | 'count' | 'provider'>[];
  next: string | null;
}

export function poolTable({ items, next }: PoolList): string {
  if (items.length === 0) return 'no pools';
  const rows = items.map(({ name, service, provider, count, desc }) => [
    plain(name),
    plain(service),
    Object.keys(provider ?? {}).join(''),
    String(count),
    plain(desc ?? ''),
  ]);
  const more = next === null ? [] : ['', 'there are more: --limit N, or --search TEXT'];
  return [table(['POOL', 'SERVICE', 'PROVIDER', 'NODES', 'DESCRIPTION'], rows), ...more].join('\n');
}

export function poolText(pool: PoolView): string {
  const { nodes, queue, unreleased } = pool;
  return [
    heading(pool),
    ...(nodes.length > 0 ? ['', nodesTable(nodes)] : []),
    ...(queue.length > 0 ? ['', ...queueLines(queue)] : []),
    ...(unreleased.length > 0 ? ['', ...unreleasedLines(pool.name, unreleased)] : []),
  ].join('\n');
}

function heading(pool: PoolView): string {
  const { name, desc = '', service, templates = {}, count, onFailure = '' } = pool;
  const lines = [
    ['name', name],
    ['description', desc],
    ['service', service],
    ...Object.entries(templates).map(([purpose, template]) => [purpose, template]),
    ['provider', providerText(pool.provider)],
    ['limits', limitsText(pool.limits ?? {})],
    ['on failure', onFailure],
    ...(pool.dependsOn ?? []).map((one) => ['depends on', dependencyText(one)]),
    ['nodes', nodesText(count)],
  ];
  return lines
    .filter(([, value]) => value !== '')
    .map(([label = '', value = '']) => `${plain(label).padEnd(12)} ${plain(value)}`)
    .join('\n');
}

function providerText(provider: PoolView['provider']): string {
  const [[kind, { endpoint, spares }] = ['', {}]] = Object.entries(provider ?? {});
  if (spares) return `${kind}, ${spares.length} spare${spares.length === 1 ? '' : 's'} in all`;
  return endpoint === undefined ? kind : `${kind} at ${endpoint}`;
}

function limitsText({ min, max, minAvailable }: NonNullable<PoolView['limits']>): string {
  return [
    ...(min === undefined ? [] : [`at least ${min}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
    ...(minAvailable === undefined ? [] : [`${minAvailable} always in place`]),
  ].join(', ');
}

function dependencyText({ pool, ratio, extra = 0, before }: NonNullable<PoolView['dependsOn']>[number]): string {
  return `${pool}: ${ratio} for each new node${extra > 0 ? ` and ${extra}` : ''}, before ${before}`;
}

function nodesTable(nodes: readonly PoolNode[]): string {
  const rows = nodes.map(({ name, address, status, drained, joinedAt, providerId }) => [
    name,
    address === name ? '' : address,
    drained ? `${status}, drained` : status,
    clock(joinedAt),
    providerId ?? '',
  ]);
  return table(['NODE', 'ADDRESS', 'STATUS', 'JOINED', 'PROVIDER ID'], rows);
}

/** The first has the pool; the others wait in this order. */
function queueLines([holder, ...waiting]: PoolView['queue']): string[] {
  const colour = paint(process.stdout);
  const row = ({ name, status, reason }: PoolView['queue'][number]) =>
    `  ${name}  ${colour(styleOf(status), words(status))}${reason === '' ? '' : `: ${plain(reason)}`}`;
  return [
    ...(holder ? ['Has the pool:', row(holder)] : []),
    ...(waiting.length > 0 ? ['Waiting for it (drover stop NAME takes one out):', ...waiting.map(row)] : []),
  ];
}

function unreleasedLines(pool: string, machines: PoolView['unreleased']): string[] {
  const rows = machines.map(({ providerId, task, reason }) => [providerId, task ?? '', plain(reason)]);
  return [
    'Machines that may cost money, and are no nodes of the pool:',
    table(['PROVIDER ID', 'TASK', 'REASON'], rows),
    'Give all of them back, or one by --machine ID:',
    `  drover pool release ${pool}`,
  ];
}
