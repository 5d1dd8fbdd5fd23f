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
    return (await (await this.#ask('GET', path)).json()) as Answer;
  }

  async send<Answer>(method: 'POST' | 'PATCH', path: string, body?: unknown): Promise<Answer> {
    const content = body === undefined ? {} : { type: 'application/json', body: JSON.stringify(body) };
    return (await (await this.#ask(method, path, content)).json()) as Answer;
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

class Unreachable extends Failure {
  constructor(url: string, cause: unknown) {
    const message = `the Drover server does not answer at ${url}: ${causeOf(cause)}
start one on this machine by \`drover dev\`, or name another by --server or DROVER_SERVER`;
    super(EXIT.unreachable, 'unreachable', message);
  }
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError) return causeOf(cause.errors[0]);
  return cause instanceof Error ? cause.message : error.message;
}

async function refusal(response: Response, url: string): Promise<Failure> {
  const text = await response.text().catch(() => '');
  const error = readError(text) ?? {
    code: 'not_drover',
    message: `${url} answered ${response.status} ${response.statusText}, and not as a Drover server does`,
  };
  return new Failure(exitCodeOf(response.status, error.code), error.code, error.message, error.problems);
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
