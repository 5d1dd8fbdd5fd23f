import { setTimeout as delay } from 'node:timers/promises';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came in. */
export interface Asked {
  /** Its route's, as `create`; `unknown` when there is no such route. */
  kind: string;
  method: string;
  /** Without the query; percent-encoding undone in `params` only. */
  path: string;
  /** What stood in the places `:name` of the route's path. */
  params: Record<string, string>;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** The body as it was sent, to the byte. */
  text: string;
  /** The body as JSON; undefined when there is none, or it is no JSON. */
  body: unknown;
}

/** A text is sent as it is, everything else as JSON; undefined is no body. */
export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export interface Route {
  /** What it is called in troubles and counts. */
  kind: string;
  method: string;
  /** `/api/v1/nodes/:id/drain`: a place takes what is between two slashes, or up to a colon as in `workers:scale-up`. */
  path: string;
  /** Carries the request out. */
  answer(asked: Asked): Answer | Promise<Answer>;
}

/** What goes wrong with a request, in the ways a vendor's API does. */
export type Trouble =
  /** The vendor's own refusal; nothing happens. */
  | { does: 'refuse'; answer: Answer }
  /** 429; nothing happens. `after`: seconds of Retry-After. */
  | { does: 'throttle'; after?: number }
  /** 500 in place of doing it. */
  | { does: 'fail-before'; status?: number }
  /** It is done, and a 500 is the answer. */
  | { does: 'fail-after'; status?: number }
  /** The connection is reset in place of doing it. */
  | { does: 'drop' }
  /** It is done, and the connection is reset in place of an answer. */
  | { does: 'lose-reply' }
  /** It is done, and half of the answer's JSON comes. */
  | { does: 'garble' }
  /** It is done at once, and the answer comes after `ms`. */
  | { does: 'delay'; ms: number };

/** A vendor's API on loopback: routes, a record of what was asked, and troubles to come. */
export class Cloud {
  readonly asked: Asked[] = [];
  /** ms before each answer. */
  latency = 0;
  readonly #server: Server;
  readonly #routes: { route: Route; pattern: RegExp }[];
  readonly #otherwise: Answer;
  #troubles: { kind: string; trouble: Trouble }[] = [];

  private constructor(routes: readonly Route[], otherwise: Answer) {
    this.#routes = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
    this.#otherwise = otherwise;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** `otherwise`: the answer where there is no route. */
  static async serve(routes: readonly Route[], otherwise: Answer = { status: 404 }): Promise<Cloud> {
    const cloud = new Cloud(routes, otherwise);
    await new Promise<void>((resolve) => cloud.#server.listen(0, '127.0.0.1', resolve));
    return cloud;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next `times` requests of this kind have this trouble, after those that have one already. */
  trouble(kind: string, trouble: Trouble, times = 1): void {
    for (let i = 0; i < times; i++) this.#troubles.push({ kind, trouble });
  }

  /** From now on all is well. */
  calm(): void {
    this.#troubles = [];
  }

  /** How many requests of the kind came in, with those that had trouble; of all kinds without one. */
  count(kind?: string): number {
    return this.asked.filter((asked) => kind === undefined || asked.kind === kind).length;
  }

  /** The last request of the kind. */
  last(kind: string): Asked | undefined {
    return this.asked.findLast((asked) => asked.kind === kind);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const text = await textOf(request);
      const { asked, route } = this.#read(request, text);
      this.asked.push(asked);
      await this.#answer(route, asked, response);
    } catch (error) {
      send(response, { status: 500, body: `the double itself failed: ${String(error)}` });
    }
  }

  #read(request: IncomingMessage, text: string): { asked: Asked; route: Route | undefined } {
    const url = new URL(request.url ?? '/', this.endpoint);
    const method = request.method ?? 'GET';
    const common = { method, path: url.pathname, query: url.searchParams, headers: request.headers, text };
    const body = jsonOf(text);
    for (const { route, pattern } of this.#routes) {
      const match = route.method === method ? pattern.exec(url.pathname) : null;
      if (match) return { asked: { kind: route.kind, params: paramsOf(match), body, ...common }, route };
    }
    return { asked: { kind: 'unknown', params: {}, body, ...common }, route: undefined };
  }

  async #answer(route: Route | undefined, asked: Asked, response: ServerResponse): Promise<void> {
    const trouble = this.#take(asked.kind);
    const instead = trouble && inPlaceOf(trouble);
    const answer = instead ?? (await route?.answer(asked)) ?? this.#otherwise;
    const wait = this.latency + (trouble?.does === 'delay' ? trouble.ms : 0);
    if (wait > 0) await delay(wait, undefined, { ref: false });
    if (trouble?.does === 'drop' || trouble?.does === 'lose-reply') {
      response.destroy();
      return;
    }
    send(response, trouble ? spoilt(answer, trouble) : answer);
  }

  #take(kind: string): Trouble | undefined {
    const i = this.#troubles.findIndex((next) => next.kind === kind);
    return i < 0 ? undefined : this.#troubles.splice(i, 1)[0]?.trouble;
  }
}

/** What is answered without doing what was asked; undefined when it is done. */
function inPlaceOf(trouble: Trouble): Answer | undefined {
  switch (trouble.does) {
    case 'refuse':
      return trouble.answer;
    case 'throttle':
      return { status: 429, headers: trouble.after === undefined ? {} : { 'retry-after': String(trouble.after) } };
    case 'fail-before':
      return { status: trouble.status ?? 500, body: 'Internal Server Error' };
    case 'drop':
      return {};
    case 'fail-after':
    case 'lose-reply':
    case 'garble':
    case 'delay':
      return undefined;
  }
}

function spoilt(answer: Answer, trouble: Trouble): Answer {
  if (trouble.does === 'fail-after') return { status: trouble.status ?? 500, body: 'Internal Server Error' };
  if (trouble.does !== 'garble') return answer;
  const whole = written(answer.body);
  return { ...answer, body: whole.slice(0, Math.max(1, Math.floor(whole.length / 2))) };
}

function send(response: ServerResponse, { status = 200, headers = {}, body }: Answer): void {
  const type = typeof body === 'string' ? 'text/plain' : 'application/json';
  response.writeHead(status, { 'content-type': type, ...headers });
  response.end(written(body));
}

function written(body: unknown): string {
  if (body === undefined) return '';
  return typeof body === 'string' ? body : JSON.stringify(body);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function patternOf(path: string): RegExp {
  const places = path.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/\/:(\w+)/g, '/(?<$1>[^/:]+)');
  return new RegExp(`^${places}$`);
}

function paramsOf(match: RegExpExecArray): Record<string, string> {
  return Object.fromEntries(
    Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
  );
}
