import type { Json } from '../../../model/json.ts';
import type { TaskEventBody } from '../../../model/task.ts';
import type { LogChunk } from '../../../store/logs.ts';
import type { TaskRow } from '../../../store/tasks.ts';
import type { Call } from '../call.ts';
import { replied, type Reply } from '../envelope.ts';
import { Refusal } from '../refusal.ts';
import { currentStep, stepNames } from './nodes.ts';
import { foundTask, statusOf } from './views.ts';

/** Lines that one answer has at most, from the task's beginning; `drover watch` and `/events` have them all. */
const MOST_EVENTS = 10_000;
/** Bytes of one step on one node; `drover logs` has it all. */
const MOST_BYTES = 4 * 1024 * 1024;
const CHUNKS = 500;
const NO_LOG = '<NO LOG>';

/** What happened to a task, in order. An entry's id is its place from 1 on. */
export async function showTaskLog(call: Call): Promise<Reply> {
  const task = await foundTask(call);
  const events = await call.parts.store.events.read(task.id, { limit: MOST_EVENTS });
  const data = events.map(({ at, event }, i) => {
    const batch = event.kind === 'batch' ? event.batch : 0;
    return {
      ...{ id: i + 1, fid: task.seq, batch_id: batch, correlation_id: `${task.seq}-${batch}` },
      ...{ message: messageOf(event, task), ctime: Math.floor(Date.parse(at) / 1000) },
    };
  });
  return replied(data);
}

function messageOf(event: TaskEventBody, { nodesTotal }: TaskRow): string {
  const why = 'reason' in event && event.reason !== '' ? `: ${event.reason}` : '';
  switch (event.kind) {
    case 'task':
      return `task of ${nodesTotal} nodes: ${event.status}${why}`;
    case 'batch':
      return `batch ${event.batch} of ${event.nodes} nodes ${event.state}`;
    case 'step':
      return `node ${event.node}: step ${event.step}, try ${event.try}: ${event.status}${why}`;
    case 'node':
      return `node ${event.node}: ${event.status}${why}`;
  }
}

/** What a node of a task put out, step by step up to the present one: `[{"start_service": "…"}, …]`. */
export async function showNodeLog(call: Call): Promise<Reply> {
  const id = call.number('nsid');
  const node = await call.parts.store.ledger.nodeById(id);
  const task = node && (await call.parts.store.tasks.byId(node.taskId));
  if (!task) throw new Refusal(400, `Node state not found: ${id}`);
  const names = stepNames(task);
  const current = currentStep(node, await statusOf(call, task), names.length);
  const upToNow = current === undefined ? [] : names.slice(0, current + 1);
  const data: Json[] = [];
  for (const [step, name] of upToNow.entries()) {
    const output = await outputOf(call, { taskId: task.id, no: node.no, step });
    data.push({ [name]: output === '' ? NO_LOG : output });
  }
  return replied(data);
}

async function outputOf(
  call: Call,
  { taskId, no, step }: { taskId: string; no: number; step: number },
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  let after: string | undefined;
  for (;;) {
    const found: { chunks: LogChunk[]; more: boolean } = await call.parts.store.logs.read(taskId, {
      ...{ no, step, limit: CHUNKS },
      ...(after !== undefined && { after }),
    });
    for (const { bytes } of found.chunks) {
      chunks.push(bytes);
      size += bytes.length;
    }
    after = found.chunks.at(-1)?.cursor ?? after;
    if (size >= MOST_BYTES) return `${Buffer.concat(chunks).toString()}\n… the rest is left out here …\n`;
    if (!found.more || found.chunks.length === 0) return Buffer.concat(chunks).toString();
  }
}
