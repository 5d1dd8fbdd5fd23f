import type { Json } from '../model/json.ts';
import { NotThere } from '../model/json-path.ts';
import { masked } from '../model/mask.ts';
import type { ApiOptions } from '../model/pool/provider.ts';
import { retryAfter, withoutReply, withStatus } from './failures.ts';
import { type Limiter, type Limiters, wait } from './limiters.ts';
import { type Call, NotSent, Refused, Unclear } from './provider.ts';
import { jsonOf, messageIn, textOf } from './reply.ts';

/** Requests per second, unless the pool says otherwise. */
const RATE = 10;
/** ms for one request. */
const TIMEOUT = 30_000;
/** A request that may be repeated is made so often, with pauses that double: 6 s in all. */
const TRIES = 6;
const FIRST_PAUSE = 200;
/** ms. A vendor that wants to be left alone for longer is not waited for. */
const LONGEST_PAUSE = 60_000;

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query, percent-encoded, from the endpoint on. */
  path: string;
  headers?: Record<string, string>;
  /** A text is sent as it is, anything else as JSON. */
  body?: Json;
  /** Statuses that are well. Default: any 2xx. */
  okStatus?: readonly number[];
  /** What the reply must be. Default `json`; with `any`, what is no JSON is taken for none. */
  reply?: 'json' | 'any';
  /** The vendor's refusal in a reply whose status is well; undefined when there is none. */
  refusal?: (reply: Reply) => string | undefined;
}

export interface Reply {
  status: number;
  /** null for none. */
  json: Json;
}

/** A vendor's HTTP API. All errors are Refused, NotSent or Unclear, and hold no secret; when the call's signal aborts, its reason. */
export class Api {
  readonly name: string;
  readonly #endpoint: string;
  readonly #timeout: number;
  readonly #rate: number;
  readonly #limiter: Limiter;
  readonly #secrets: readonly string[];

  /** `secrets`: what must not show in any message, though the vendor may repeat it. */
  constructor(name: string, options: ApiOptions, limiters: Limiters, secrets: readonly string[] = []) {
    this.name = name;
    this.#endpoint = options.endpoint.replace(/\/+$/, '');
    this.#timeout = options.timeout ?? TIMEOUT;
    this.#rate = options.requestsPerSecond ?? RATE;
    this.#limiter = limiters.of(options.endpoint);
    this.#secrets = secrets;
  }

  /**
   * A request that must not be carried out twice. It is made again only when it has not been carried out. Each try makes its
   * request anew when it is given as a function (time stamps). What `read` makes of the reply; a NotThere of its is Unclear.
   */
  once<T>(request: Making, call: Call, read: (reply: Reply) => T): Promise<T> {
    return this.#tries(request, call, read, (error) => error instanceof NotSent);
  }

  /** One that may be: it is made again, too, when nobody knows what became of it. */
  repeatable<T>(request: Making, call: Call, read: (reply: Reply) => T): Promise<T> {
    return this.#tries(request, call, read, (error) => !(error instanceof Refused));
  }

  async #tries<T>(
    request: Making,
    call: Call,
    read: (reply: Reply) => T,
    mayRepeat: (error: Failure) => boolean,
  ): Promise<T> {
    let doubt: Unclear | undefined;
    for (let tries = 1; ; tries++) {
      await this.#limiter.turn(this.#rate, call.signal);
      const made = typeof request === 'function' ? request() : request;
      const outcome = await this.#try(made, call, read);
      if ('result' in outcome) return outcome.result;
      const pause = Math.max(pauseAfter(tries), outcome.after ?? 0);
      if (!mayRepeat(outcome.error) || tries === TRIES || pause > LONGEST_PAUSE) throw inDoubt(outcome.error, doubt);
      if (outcome.error instanceof Unclear && made.method !== 'GET') doubt = outcome.error;
      call.say(`${outcome.error.message}; again in ${(pause / 1000).toFixed(1)} s`);
      await wait(pause, call.signal);
    }
  }

  async #try<T>(request: ApiRequest, call: Call, read: (reply: Reply) => T): Promise<Outcome<T>> {
    const what = this.#named(request.method, request.path);
    const exchange = await this.#exchange(request, call, what);
    if ('error' in exchange) return exchange;
    const { response, text } = exchange;
    const json = jsonOf(text);
    if (!(request.okStatus?.includes(response.status) ?? response.ok)) return this.#failed(response, json, text, what);
    const unclear = (fault: string) => ({ error: new Unclear(this.#hide(`${what}: ${fault}`)) });
    if (json === undefined && request.reply !== 'any')
      return unclear(`${response.status}: the reply is no JSON: ${messageIn(json, text)}`);
    const reply = { status: response.status, json: json ?? null };
    try {
      const refusal = request.refusal?.(reply);
      if (refusal !== undefined) return { error: new Refused(this.#hide(`${what}: ${refusal}`)) };
      return { result: read(reply) };
    } catch (error) {
      if (error instanceof NotThere) return unclear(`the reply is not as expected: ${error.message}`);
      throw error;
    }
  }

  /** Throws the reason of the call's signal when that aborts. */
  async #exchange(
    request: ApiRequest,
    call: Call,
    what: string,
  ): Promise<{ response: Response; text: string } | { error: Failure }> {
    const timeout = AbortSignal.timeout(this.#timeout);
    try {
      const response = await fetch(this.#endpoint + request.path, {
        method: request.method,
        headers: headersOf(request, what),
        // A redirect would take the credentials elsewhere, and turn a POST into a GET.
        redirect: 'manual',
        signal: AbortSignal.any([call.signal, timeout]),
        ...(request.body !== undefined && { body: written(request.body) }),
      });
      return { response, text: await textOf(response) };
    } catch (error) {
      call.signal.throwIfAborted();
      if (error instanceof Refused) return { error };
      if (timeout.aborted) return { error: new Unclear(`${what}: no reply within ${this.#timeout / 1000} s`) };
      return { error: withoutReply(error, what) };
    }
  }

  #failed(
    { status, headers }: Response,
    json: Json | undefined,
    text: string,
    what: string,
  ): { error: Failure; after?: number } {
    const to = headers.get('location');
    const told = status < 400 && to !== null ? `leads to ${to}; is this the endpoint?` : messageIn(json, text);
    const after = retryAfter(headers.get('retry-after'));
    if (status === 429 && after !== undefined) this.#limiter.holdOff(Math.min(after, LONGEST_PAUSE));
    return { error: withStatus(status, what, this.#hide(told)), ...(after !== undefined && { after }) };
  }

  /** Without the query, which may have keys in it. */
  #named(method: string, path: string): string {
    return this.#hide(`${this.name}: ${method} ${path.replace(/\?.*/s, '')}`);
  }

  #hide(text: string): string {
    const mask = masked(this.#secrets);
    return Buffer.concat([mask.push(Buffer.from(text)).bytes, mask.end().bytes]).toString();
  }
}

type Making = ApiRequest | (() => ApiRequest);
type Failure = Refused | NotSent | Unclear;
/** `after`: ms that the vendor asks to wait. */
type Outcome<T> = { result: T } | { error: Failure; after?: number };

/** That the last try was not carried out says nothing of one before it. */
function inDoubt(error: Failure, doubt: Unclear | undefined): Failure {
  if (!doubt || error instanceof Unclear) return error;
  return new Unclear(`${error.message}; before that: ${doubt.message}`);
}

/** Doubles with each try; somewhere in its upper half, so that many who wait do not come back at once. */
function pauseAfter(tries: number): number {
  return FIRST_PAUSE * 2 ** (tries - 1) * (0.5 + Math.random() / 2);
}

function written(body: Json): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

/** Throws Refused for what no header can hold, without its value. */
function headersOf({ headers = {}, body }: ApiRequest, what: string): Headers {
  const all = new Headers({
    accept: 'application/json',
    ...(body !== undefined && { 'content-type': 'application/json' }),
  });
  for (const [name, value] of Object.entries(headers)) {
    try {
      all.set(name, value);
    } catch {
      throw new Refused(`${what}: the header ${name} has characters that a header cannot have`);
    }
  }
  return all;
}

/** ms, with defaults; see ApiOptions. */
export function timingOf({ poll = 5000, within = 900_000, settle = 15_000 }: ApiOptions) {
  return { poll, within, settle };
}
