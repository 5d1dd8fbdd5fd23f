import { eventually } from '../support/eventually.ts';

export interface Event {
  id?: string;
  event?: string;
  data?: string;
  comment?: string;
}

/** A connection to a server-sent event stream, and what came over it so far. */
export class Stream {
  readonly events: Event[] = [];
  readonly #abort = new AbortController();
  readonly ended: Promise<void>;
  status = 0;

  constructor(url: string, lastEventId?: string) {
    this.ended = this.#read(url, lastEventId);
    this.ended.catch(() => undefined);
  }

  get data(): string[] {
    return this.events.flatMap(({ event, data }) => (event === undefined && data !== undefined ? [data] : []));
  }

  get lastId(): string | undefined {
    return this.events.findLast(({ id }) => id !== undefined)?.id;
  }

  async until(condition: (stream: this) => boolean): Promise<void> {
    await eventually(() => {
      if (!condition(this)) throw new Error(`not in ${JSON.stringify(this.events)}`);
    });
  }

  disconnect(): void {
    this.#abort.abort();
  }

  async #read(url: string, lastEventId?: string): Promise<void> {
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const response = await fetch(url, { headers, signal: this.#abort.signal });
    this.status = response.status;
    let text = '';
    for await (const bytes of response.body ?? []) {
      text += Buffer.from(bytes as Uint8Array).toString();
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      this.events.push(...blocks.map(eventOf));
    }
  }
}

function eventOf(block: string): Event {
  const event: Event = {};
  for (const line of block.split('\n')) {
    if (line.startsWith(': ')) event.comment = line.slice(2);
    else if (line.startsWith('id: ')) event.id = line.slice(4);
    else if (line.startsWith('event: ')) event.event = line.slice(7);
    else if (line.startsWith('data: '))
      event.data = (event.data === undefined ? '' : `${event.data}\n`) + line.slice(6);
  }
  return event;
}
