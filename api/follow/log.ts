import type { TaskRow } from '../../store/tasks.ts';
import { Lines, type Line } from '../log/lines.ts';
import { isBefore, toEventId, type Position } from '../log/position.ts';
import { chunksNow, type Part } from '../log/read.ts';
import { LogText } from '../log/text.ts';
import type { Parts } from '../parts.ts';
import type { Message } from '../sse.ts';
import { tail } from './tail.ts';

/** The last message of a log; its data is the task's final status. */
const END = 'end';

/**
 * A task's log as it grows: each message some lines, its id a position to go on from. Ends with a message `end` once the task
 * has ended and every line was sent. A command's end is learned from the task's events, which come after its output.
 */
export async function* followLog(
  parts: Parts,
  task: TaskRow,
  part: Part,
  from: Position,
  signal: AbortSignal,
): AsyncGenerator<Message[]> {
  const text = new LogText(task.template, { withNode: part.no === undefined });
  const lines = new Lines();
  let at = from.openSince ?? from.at;
  const message = (ready: Line[]): Message[] =>
    ready.length === 0 ? [] : [{ id: toEventId(position(at, lines)), data: text.lines(ready).join('\n') }];

  for await (const { events, over } of tail(parts, task, undefined, signal)) {
    for await (const chunks of chunksNow(parts, task, wanted(part, over), at)) {
      // Chunks up to where the client stood are read again for their open lines only.
      const ready = chunks.flatMap((chunk) => {
        const taken = lines.take(chunk);
        return isBefore(from.at, chunk.cursor) ? taken : [];
      });
      at = chunks.at(-1)?.cursor ?? at;
      yield message(ready);
      if (signal.aborted) return;
    }
    const ended = events.flatMap(({ event }) =>
      event.kind === 'step' && event.status !== 'running' ? lines.settle(event) : [],
    );
    yield message([...ended, ...(over ? lines.settleAll() : [])]);
    if (over) yield [{ event: END, data: over.status }];
  }
}

/** The same for bytes: each message a chunk in base64. */
export async function* followBytes(
  parts: Parts,
  task: TaskRow,
  part: Part,
  from: Position,
  signal: AbortSignal,
): AsyncGenerator<Message[]> {
  let { at } = from;
  for await (const { over } of tail(parts, task, undefined, signal)) {
    for await (const chunks of chunksNow(parts, task, wanted(part, over), at)) {
      at = chunks.at(-1)?.cursor ?? at;
      yield chunks.flatMap(({ stream, cursor, bytes }) =>
        stream === 'note' ? [] : [{ id: cursor, data: bytes.toString('base64') }],
      );
      if (signal.aborted) return;
    }
    yield over ? [{ event: END, data: over.status }] : [];
  }
}

/** Once the task is over nothing comes before what is there. */
function wanted(part: Part, over: object | undefined): Part & { following?: true } {
  return over ? part : { ...part, following: true };
}

function position(at: string, lines: Lines): Position {
  const openSince = lines.openSince();
  return { at, ...(openSince === undefined ? {} : { openSince }) };
}
