import { Readable } from 'node:stream';

/** One server-sent event. Without an id the client's `Last-Event-ID` stays what it was. */
export interface Message {
  id?: string;
  event?: string;
  data: string;
}

/** ms of silence after which a comment goes out, so that nothing in between takes the connection for dead. */
const HEARTBEAT = 15_000;

/**
 * A body of server-sent events from turns of messages; an empty turn is a chance for a heartbeat. Turns are asked for only as
 * fast as the client reads, and no more once it has gone.
 */
export function eventStream(turns: AsyncIterable<(Message | Comment)[]>): Readable {
  return Readable.from(encode(turns), { objectMode: false });
}

export interface Comment {
  comment: string;
}

async function* encode(turns: AsyncIterable<(Message | Comment)[]>): AsyncGenerator<Buffer> {
  // At once, so that the client sees its request answered before the first event.
  yield Buffer.from('retry: 1000\n\n');
  let last = Date.now();
  for await (const messages of turns) {
    const quiet = messages.length === 0 && Date.now() - last > HEARTBEAT;
    const text = (quiet ? [{ comment: 'heartbeat' }] : messages).map(frame).join('');
    if (text === '') continue;
    last = Date.now();
    yield Buffer.from(text);
  }
}

function frame(message: Message | Comment): string {
  if ('comment' in message) return `: ${message.comment}\n\n`;
  const id = message.id === undefined ? '' : `id: ${message.id}\n`;
  const event = message.event === undefined ? '' : `event: ${message.event}\n`;
  // A carriage return would end the line for the reader.
  const data = message.data.split(/\r\n|\n|\r/).map((line) => `data: ${line}\n`);
  return `${id}${event}${data.join('')}\n`;
}
