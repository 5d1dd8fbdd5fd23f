import type { Problem } from '../../model/parse/problem.ts';
import { EXIT, Failure } from '../failure.ts';

/** Where the commands' answers come from. */
export class Api {
  readonly url: string;
  readonly #headers: Record<string, string>;

  constructor(url: string, token = process.env['DROVER_TOKEN']) {
    this.url = url.replace(/\/+$/, '');
    this.#headers = token ? { authorization: `Bearer ${token}` } : {};
  }

  async get<Answer>(path: string): Promise<Answer> {
    return this.#answer(await this.#ask('GET', path));
  }

  /** `headers`: more of them, as `idempotency-key`. Without a body in the answer (204) it is undefined. */
  async send<Answer>(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const content = body === undefined ? {} : { type: 'application/json', body: JSON.stringify(body) };
    return this.#answer(await this.#ask(method, path, { ...content, headers }));
  }

  async upload(path: string, body: Buffer): Promise<void> {
    await this.#ask('PUT', path, { type: 'application/octet-stream', body });
  }

  async has(path: string): Promise<boolean> {
    return (await this.#fetch('HEAD', path, {})).ok;
  }

  /** The answer as it arrives. `after`: the id of the last event that was seen. Undefined: there is nothing more (204). */
  async stream(path: string, after?: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined> {
    const headers = after === undefined ? {} : { 'last-event-id': after };
    const response = await this.#ask('GET', path, { headers, ...(signal && { signal }) });
    return response.status === 204 ? undefined : (response.body ?? undefined);
  }

  async #answer<Answer>(response: Response): Promise<Answer> {
    if (response.status === 204) return undefined as Answer;
    try {
      return (await response.json()) as Answer;
    } catch (error) {
      throw error instanceof SyntaxError ? notDrover(response, this.url) : new Unreachable(this.url, error);
    }
  }

  async #ask(method: string, path: string, request: Content = {}): Promise<Response> {
    const response = await this.#fetch(method, path, request);
    if (!response.ok) throw await refusal(response, this.url);
    return response;
  }

  async #fetch(method: string, path: string, { type, body, headers, signal }: Content): Promise<Response> {
    try {
      return await fetch(`${this.url}${path}`, {
        method,
        headers: { ...this.#headers, ...headers, ...(type && { 'content-type': type }) },
        ...(body !== undefined && { body }),
        ...(signal && { signal }),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Unreachable(this.url, error);
    }
  }
}

interface Content {
  type?: string;
  body?: string | Buffer;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** What `fetch` says when no byte of the request has left. */
const NOT_CONNECTED =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ERR_INVALID_URL)$/;

export class Unreachable extends Failure {
  /** Whether the connection broke under way, so that nobody knows if the server has done what was asked. */
  readonly isBroken: boolean;

  constructor(url: string, cause: unknown) {
    const message = `the Drover server does not answer at ${url}: ${causeOf(cause)}
start one on this machine by \`drover dev\`, or name another by --server or DROVER_SERVER`;
    super(EXIT.unreachable, 'unreachable', message);
    this.isBroken = !NOT_CONNECTED.test(codeOf(cause));
  }
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.message === 'bad port' ? 'ERR_INVALID_URL' : codeOf(error.cause);
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError) return causeOf(cause.errors[0]);
  return cause instanceof Error ? cause.message : error.message;
}

async function refusal(response: Response, url: string): Promise<Failure> {
  const text = await response.text().catch(() => '');
  const error = readError(text);
  if (!error) return notDrover(response, url);
  return new Failure(exitCodeOf(response.status, error.code), error.code, error.message, error.problems);
}

function notDrover({ status, statusText }: Response, url: string): Failure {
  const message = `${url} answered ${status} ${statusText}, and not as a Drover server does`;
  return new Failure(exitCodeOf(status, 'not_drover'), 'not_drover', message);
}

interface ErrorAnswer {
  code: string;
  message: string;
  problems?: Problem[];
}

function readError(text: string): ErrorAnswer | undefined {
  try {
    return (JSON.parse(text) as { error?: ErrorAnswer }).error;
  } catch {
    return undefined;
  }
}

function exitCodeOf(status: number, code: string): number {
  if (status >= 500) return EXIT.unreachable;
  if (status === 401 || status === 403) return EXIT.notAllowed;
  return code === 'busy' ? EXIT.busy : EXIT.badInput;
}

/** The path of a task, or of something of it. */
export function taskPath(name: string, rest = ''): string {
  return `/api/v1/tasks/${encodeURIComponent(name)}${rest}`;
}

/** A path with the parts of a query that are given. */
export function withQuery(path: string, query: Record<string, string | undefined>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}
