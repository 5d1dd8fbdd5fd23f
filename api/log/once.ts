import type { TaskRow } from '../../store/tasks.ts';
import type { Parts } from '../parts.ts';
import { Lines, type Line } from './lines.ts';
import { START } from './position.ts';
import { chunksNow, type Part } from './read.ts';
import { LogText } from './text.ts';

/** The log as it is now, as text. */
export async function* logText(parts: Parts, task: TaskRow, part: Part): AsyncGenerator<Buffer> {
  const text = new LogText(task.template, { withNode: part.no === undefined });
  for await (const lines of linesNow(parts, task, part)) {
    if (lines.length > 0) yield Buffer.from(text.lines(lines).join('\n') + '\n');
  }
}

/** The same as a JSON array of lines. */
export async function* logJson(parts: Parts, task: TaskRow, part: Part): AsyncGenerator<Buffer> {
  let separator = '[';
  for await (const lines of linesNow(parts, task, part)) {
    if (lines.length === 0) continue;
    yield Buffer.from(separator + lines.map((line) => JSON.stringify(line)).join(',\n'));
    separator = ',\n';
  }
  yield Buffer.from(separator === '[' ? '[]\n' : ']\n');
}

/** What the commands put out, byte for byte, without remarks. */
export async function* logBytes(parts: Parts, task: TaskRow, part: Part): AsyncGenerator<Buffer> {
  for await (const chunks of chunksNow(parts, task, part, START))
    for (const { stream, bytes } of chunks) if (stream !== 'note') yield bytes;
}

async function* linesNow(parts: Parts, task: TaskRow, part: Part): AsyncGenerator<Line[]> {
  const lines = new Lines();
  for await (const chunks of chunksNow(parts, task, part, START)) yield chunks.flatMap((chunk) => lines.take(chunk));
  yield lines.settleAll();
}
