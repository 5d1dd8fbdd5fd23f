import type { Rollout } from '../../model/rollout.ts';
import type { NodeView, StepView, TaskView } from '../../model/task.ts';
import { failures } from '../../model/status.ts';
import { countsText } from './counts.ts';
import { table } from './table.ts';
import { paint, plain, styleOf, words } from './text.ts';
import { clock, duration, took } from './time.ts';

export function taskTable(tasks: TaskView[]): string {
  if (tasks.length === 0) return 'no tasks';
  const colour = paint(process.stdout);
  const hasPools = tasks.some(({ pool }) => pool !== null);
  const rows = tasks.map((task) => [
    task.name,
    colour(styleOf(task.status), words(task.status)),
    task.template,
    ...(hasPools ? [poolCell(task)] : []),
    nodesCell(task),
    clock(task.createdAt),
    took(task.startedAt, task.finishedAt),
    plain(task.reason),
  ]);
  const pool = hasPools ? ['POOL'] : [];
  return table(['NAME', 'STATUS', 'TEMPLATE', ...pool, 'NODES', 'CREATED', 'TOOK', 'REASON'], rows);
}

/** `expand web` */
function poolCell({ kind, pool }: TaskView): string {
  if (pool === null) return '';
  return plain(kind === 'run' ? pool : `${kind} ${pool}`);
}

/** `20/24 ok, 3 failed` */
function nodesCell({ nodes }: TaskView): string {
  const failed = failures(nodes);
  return `${nodes.ok}/${nodes.total} ok${failed > 0 ? `, ${failed} failed` : ''}`;
}

export function taskText(task: TaskView): string {
  const colour = paint(process.stdout);
  const rows: [string, string][] = [
    ['name', task.name],
    ['status', colour(styleOf(task.status), words(task.status))],
    ['reason', plain(task.reason)],
    ['template', task.template],
    ['pool', poolCell(task)],
    ['nodes', countsText(task.nodes)],
    ['batches', `${task.batches.done} of ${task.batches.total} done`],
    ['rollout', rolloutText(task.rollout)],
    ['started by', plain(task.startedBy)],
    ['created', clock(task.createdAt)],
    ['started', task.startedAt === null ? '' : clock(task.startedAt)],
    [
      'finished',
      task.finishedAt === null ? '' : `${clock(task.finishedAt)}, after ${took(task.startedAt, task.finishedAt)}`,
    ],
    ['temporal', task.temporal.url ?? ''],
  ];
  return rows
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name.padEnd(12)}${value}`)
    .join('\n');
}

export function rolloutText(rollout: Rollout): string {
  const { batch, order, lanes, bake, canary, maxFailures, onBudget } = rollout;
  return [
    `batch ${batch.join(' or ')}`,
    `order ${order}`,
    ...(lanes > 1 ? [`lanes ${lanes}`] : []),
    ...(canary > 0 ? [`canary ${canary}`] : []),
    ...(bake > 0 ? [`bake ${duration(bake)}`] : []),
    `max failures ${maxFailures}, then ${onBudget}`,
  ].join(', ');
}

export function nodeTable(nodes: NodeView[]): string {
  if (nodes.length === 0) return 'no such nodes';
  const colour = paint(process.stdout);
  const rows = nodes.map((node) => [
    node.name,
    node.address === node.name ? '' : node.address,
    node.batch === null ? '' : String(node.batch),
    colour(styleOf(node.status), words(node.status)),
    node.steps.map((step) => stepCell(step, colour)).join(' '),
    plain(node.reason),
  ]);
  return table(['NODE', 'ADDRESS', 'BATCH', 'STATUS', 'STEPS', 'REASON'], rows);
}

const MARKS: Record<StepView['status'], string> = {
  pending: '·',
  running: '▸',
  ok: '✓',
  failed: '✗',
  timed_out: '✗',
  unreachable: '✗',
  unknown: '?',
  skipped: '–',
  cancelled: '■',
};

function stepCell({ name, status, tries }: StepView, colour: ReturnType<typeof paint>): string {
  return colour(styleOf(status), `${MARKS[status]}${name}${tries > 1 ? `×${tries}` : ''}`);
}
