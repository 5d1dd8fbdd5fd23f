import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import type { AccessSettings } from '../../../api/access/settings.ts';
import type { Drover, Parts } from '../../../api/parts.ts';
import { serve } from '../../../api/serve.ts';
import type { Actor } from '../../../model/actor.ts';
import { parseOpendcpCatalogue } from '../../../model/opendcp/catalogue.ts';
import { importOpendcp } from '../../../store/catalogue/import.ts';
import { openStore, type Store } from '../../../store/store.ts';
import { Recording } from './recording.ts';

/** The made-up catalogue, with the ids and names that the recorded conversation needs. */
export const CATALOGUE = new URL('../../fixtures/opendcp/catalogue.json', import.meta.url);
export const TESTER: Actor = { name: 'tester', role: 'admin', via: 'local', from: null };

/** An answer, with its body as it came and, where it is JSON, read. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  body: { code?: number; msg: string; data: unknown; page?: number; page_size?: number; query_count?: number };
}

export interface Question {
  method?: string;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is. */
  body?: string;
  headers?: Record<string, string>;
}

export interface OpendcpClient {
  ask(path: string, question?: Question): Promise<Answer>;
  /** `data` of the answer, which must be a success. */
  data(path: string, json?: unknown): Promise<unknown>;
  /** The same where it is a number, as of a creation. */
  id(path: string, json: unknown): Promise<number>;
}

export interface OpendcpServer extends OpendcpClient, AsyncDisposable {
  url: string;
  store: Store;
  temporal: Recording;
  close(): Promise<void>;
}

/** The API over a store of its own with a catalogue in it, and nothing that would run a task. */
export async function serveOpendcp({
  catalogue = CATALOGUE,
  access,
}: { catalogue?: URL | null; access?: AccessSettings } = {}): Promise<OpendcpServer> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-opendcp-'));
  const store = await openStore({ folder });
  if (catalogue) await importFrom(store, catalogue);
  const temporal = new Recording(store);
  const server = await serveOver(store, temporal, access);
  const close = async () => {
    await server.close();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { ...clientOf(server.url), url: server.url, store, temporal, close, [Symbol.asyncDispose]: close };
}

export function serveOver(store: Store, drover: Drover, access?: AccessSettings): ReturnType<typeof serve> {
  const parts: Parts = {
    ...{ store, drover, namespace: 'default', version: '1.2.3', log: pino({ level: 'silent' }) },
    workers: () => Promise.resolve(1),
    ...(access && { access }),
  };
  return serve(parts, { host: '127.0.0.1', port: 0 });
}

export function clientOf(url: string): OpendcpClient {
  const data: OpendcpClient['data'] = async (path, json = {}) => {
    const { status, body } = await ask(url, path, { method: 'POST', json });
    if (status !== 200) throw new Error(`${path} answered ${status}: ${body.msg}`);
    return body.data;
  };
  return {
    ask: (path, question) => ask(url, path, question),
    data,
    id: async (path, json) => Number(await data(path, json)),
  };
}

export async function importFrom(store: Pick<Store, 'catalogue'>, catalogue: URL): Promise<void> {
  const value = parseOpendcpCatalogue(JSON.parse(await readFile(catalogue, 'utf8')));
  await store.catalogue.change(TESTER, (edit) => importOpendcp(edit, value));
}

/** By Node's own client: a browser's `fetch` sends no body with GET. */
export async function ask(url: string, path: string, question: Question = {}): Promise<Answer> {
  const { method = 'GET', json, headers = {} } = question;
  const body = json === undefined ? question.body : JSON.stringify(json);
  const type = json === undefined || 'content-type' in headers ? {} : { 'content-type': 'application/json' };
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  return await new Promise((resolve, reject) => {
    const asking = request(`${url}${path}`, { method, headers: { ...type, ...headers, ...length } });
    asking.once('error', reject);
    asking.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: read(text) });
      });
    });
    // As bytes: Node would send headers in the encoding of a text that follows them.
    asking.end(body === undefined ? undefined : Buffer.from(body));
  });
}

/** `code` -1: no JSON. */
function read(text: string): Answer['body'] {
  try {
    return JSON.parse(text) as Answer['body'];
  } catch {
    return { code: -1, msg: text, data: undefined };
  }
}
