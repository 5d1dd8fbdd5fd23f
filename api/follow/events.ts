import type { TaskStatus } from '../../model/status.ts';
import type { TaskEvent } from '../../model/task.ts';
import type { TaskRow } from '../../store/tasks.ts';
import type { Parts } from '../parts.ts';
import type { Comment, Message } from '../sse.ts';
import { tail } from './tail.ts';

/**
 * A task's events as messages whose ids resume the stream. A comment `live` tells where the past ends. The last message
 * carries the task's final status, also when it was ended in Temporal and the ledger does not know yet (then without an id).
 */
export async function* followEvents(
  parts: Parts,
  task: TaskRow,
  after: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<(Message | Comment)[]> {
  let wasLive = false;
  let last: TaskEvent | undefined;
  for await (const { events, live, over } of tail(parts, task, after, signal)) {
    const messages: (Message | Comment)[] = events.map((event) => ({ id: event.seq, data: JSON.stringify(event) }));
    last = events.findLast(({ event }) => event.kind === 'task') ?? last;
    if (live && !wasLive) messages.push({ comment: 'live' });
    wasLive ||= live;
    if (over && !says(last, over.status)) messages.push({ data: JSON.stringify(unrecordedEnd(over, last)) });
    yield messages;
  }
}

function says(event: TaskEvent | undefined, status: string): boolean {
  return event?.event.kind === 'task' && event.event.status === status;
}

function unrecordedEnd(over: { status: TaskStatus; reason: string }, last: TaskEvent | undefined): TaskEvent {
  return { seq: last?.seq ?? '', at: new Date().toISOString(), event: { kind: 'task', ...over } };
}
