/** One server-sent event, or a comment between them. */
export type ServerSent = { id?: string; event?: string; data: string } | { comment: string };

/** Reads a body of server-sent events (the format: WHATWG HTML, "Server-sent events"). */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSent> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of body) {
    text += decoder.decode(bytes, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) yield* parse(block);
  }
}

function* parse(block: string): Generator<ServerSent> {
  const data: string[] = [];
  const fields: { id?: string; event?: string } = {};
  for (const line of block.split('\n')) {
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === '' && value !== '') yield { comment: value };
    else if (name === 'data') data.push(value);
    else if (name === 'id' || name === 'event') fields[name] = value;
  }
  if (data.length > 0) yield { ...fields, data: data.join('\n') };
}
