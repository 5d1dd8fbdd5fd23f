import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a front does with the answer of the server behind it: gives it on, or breaks the connection. */
export type Verdict = 'answer' | 'break';

export interface Front {
  url: string;
  close(): Promise<void>;
}

/** Stands before a server, and is asked about each request, before it is passed on and when its answer is there. */
export async function startFront(
  behind: string,
  watch: { before?: (request: IncomingMessage) => Promise<void>; after?: (request: IncomingMessage) => Verdict },
): Promise<Front> {
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    await watch.before?.(request);
    const { 'content-type': type = '', 'idempotency-key': key = '' } = request.headers;
    const answer = await fetch(`${behind}${request.url ?? ''}`, {
      method: request.method ?? 'GET',
      headers: { ...(type && { 'content-type': type }), ...(key && { 'idempotency-key': String(key) }) },
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    if (watch.after?.(request) === 'break') request.socket.destroy();
    else response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(body);
  };
  const server = createServer((request, response) => {
    pass(request, response).catch((error: unknown) => response.writeHead(502).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}
