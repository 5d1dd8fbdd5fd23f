import type { Json } from '../../../model/json.ts';
import { nodeState } from '../../../model/opendcp/states.ts';
import { stepsOfSpec } from '../../../model/opendcp/steps.ts';
import type { TaskStatus } from '../../../model/status.ts';
import type { OpendcpNode } from '../../../store/opendcp-nodes.ts';
import type { TaskRow } from '../../../store/tasks.ts';
import type { Call } from '../call.ts';
import { replied, timeText, type Reply } from '../envelope.ts';
import { NO_IP } from '../nodes.ts';
import { foundTask, statusOf } from './views.ts';

/** A task's nodes by their states, as `{"2": […], "3": […]}`. */
export async function showNodes(call: Call): Promise<Reply> {
  const task = await foundTask(call);
  const [nodes, status] = await Promise.all([call.parts.store.ledger.opendcpNodes(task.id), statusOf(call, task)]);
  const isAtWork = await atWork(call, task, status);
  const machines = await machinesOf(call, task, nodes);
  const names = stepNames(task);
  const states: Partial<Record<number, Json[]>> = {};
  for (const node of nodes) {
    const state = nodeState(node.status, { task: status, isBetween: node.steps.length > 0 && !isAtWork(node) });
    (states[state] ??= []).push(show(task, node, { state, names, status, vmId: machines.get(node.no) ?? '' }));
  }
  return replied(states as Record<string, Json>);
}

function show(
  task: TaskRow,
  node: OpendcpNode,
  { state, names, status, vmId }: { state: number; names: string[]; status: TaskStatus; vmId: string },
): Json {
  const current = currentStep(node, status, names.length);
  return {
    ...{ id: node.id, ip: node.address || NO_IP, state, steps: current === undefined ? '[]' : (names[current] ?? '') },
    ...{ pool_name: task.pool ?? '', vm_id: vmId },
    ...{ Created: timeText(task.createdAt), Updated: timeText(lastChange(node) ?? task.createdAt) },
  };
}

/** Tells nodes with a command under way. A pause may hold a node between two actions of one step, too. */
async function atWork(call: Call, { id }: TaskRow, status: TaskStatus): Promise<(node: OpendcpNode) => boolean> {
  if (status !== 'paused') return (node) => running(node) !== undefined;
  const busy = new Set((await call.parts.store.ledger.openJobs(id)).map(({ ref }) => ref.no));
  return ({ no }) => busy.has(no);
}

/**
 * The index of the step that runs; in a paused task the one that comes next; else the last one begun. Undefined before the
 * first.
 */
export function currentStep(node: OpendcpNode, status: TaskStatus, steps: number): number | undefined {
  const now = running(node);
  if (now) return now.step;
  const last = node.steps.at(-1);
  if (!last) return undefined;
  const isWaiting =
    status === 'paused' && last.status === 'ok' && (node.status === 'running' || node.status === 'pending');
  return isWaiting ? Math.min(last.step + 1, steps - 1) : last.step;
}

function running({ steps }: OpendcpNode): OpendcpNode['steps'][number] | undefined {
  return steps.find(({ status }) => status === 'running');
}

function lastChange({ steps }: OpendcpNode): Date | null {
  const times = steps.flatMap(({ startedAt, finishedAt }) => [startedAt, finishedAt]).filter((time) => time !== null);
  return times.reduce<Date | null>((last, time) => (last === null || time > last ? time : last), null);
}

/** As the template's steps were named when the task began. */
export function stepNames({ opendcp, template }: TaskRow): string[] {
  return stepsOfSpec(template).map(({ name }, i) => opendcp?.options[i]?.name ?? name);
}

/** The vendor's ids of the machines, by the node's number: those that the task has made, else as far as the pool has them. */
async function machinesOf(call: Call, task: TaskRow, nodes: readonly OpendcpNode[]): Promise<Map<number, string>> {
  const row = task.pool === null || nodes.length === 0 ? undefined : await call.catalogue.pools.named(task.pool);
  if (!row) return new Map();
  const made = await call.parts.store.machines.ofTask(task.id);
  const known = new Map((await call.catalogue.nodes.all(row.id)).map(({ name, vmId }) => [name, vmId]));
  return new Map([
    ...nodes.map(({ no, name }) => [no, known.get(name) ?? ''] as const),
    ...made.flatMap(({ no, providerId }) => (no === null ? [] : [[no, providerId] as const])),
  ]);
}
