import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { App } from '../app.ts';
import { Refusal } from './refusal.ts';

/** Bytes. The largest template with its scripts is some 20 KB. */
const LIMIT = 1024 * 1024;

/** What came with a request: OpenDCP reads a body with every method, GET included. */
export interface Body {
  text: string;
  isForm: boolean;
}

const bodies = new WeakMap<IncomingMessage, Body>();

/** Reads the body of every request of these routes, whatever its method and its Content-Type say. */
export function takeBodies(routes: App): void {
  routes.addHook('preParsing', async ({ raw }, _, payload) => {
    const isForm = /^\s*application\/x-www-form-urlencoded\s*(;|$)/i.test(raw.headers['content-type'] ?? '');
    bodies.set(raw, { text: (await readAll(payload)).toString(), isForm });
    // Fastify would refuse types that it does not know.
    delete raw.headers['content-type'];
    return payload;
  });
  routes.removeAllContentTypeParsers();
  routes.addContentTypeParser('*', (_, __, done) => done(null));
}

export function bodyOf({ raw }: FastifyRequest): Body {
  return bodies.get(raw) ?? { text: '', isForm: false };
}

async function readAll(payload: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of payload as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LIMIT) throw new Refusal(413, `the body is larger than ${LIMIT} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
