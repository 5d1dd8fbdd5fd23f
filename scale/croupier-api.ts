import type { Json } from '../model/json.ts';
import { entriesAt, idAt, textAt, valuesAt } from '../model/json-path.ts';
import type { CroupierSpec } from '../model/pool/provider.ts';
import { Api, type ApiRequest } from './api.ts';
import { type Given, valueOf } from './given.ts';
import type { Call } from './provider.ts';

/** ms for one request that does nothing but answer. */
const TIMEOUT = 30_000;

const STILL_AT_IT = 409;

export interface CroupierNode {
  id: string;
  status: string;
  /** Empty when it is not told. */
  type: string;
  /** Date.now() of its last change; undefined when it is not told. */
  updatedAt: number | undefined;
  /** All that is told of it. */
  json: Json;
}

/** What can be run on a node. */
interface NodeCommand {
  name: string;
  description: string;
}

/** The node API of croupier, route by route (seed 002). */
export class CroupierApi {
  readonly #api: Api;
  readonly #draining: (timeout: number) => Api;
  readonly #headers: Record<string, string>;

  private constructor(api: Api, draining: (timeout: number) => Api, headers: Record<string, string>) {
    this.#api = api;
    this.#draining = draining;
    this.#headers = headers;
  }

  static async open(spec: CroupierSpec, given: Given): Promise<CroupierApi> {
    const token = spec.token === undefined ? undefined : await valueOf(spec.token, given);
    const secrets = token === undefined ? [] : [token];
    const { timeout = TIMEOUT } = spec;
    const api = (patience: number) => new Api('croupier', { ...spec, timeout: patience }, given.limiters, secrets);
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return new CroupierApi(api(timeout), (draining) => api(timeout + draining), headers);
  }

  /** Those of the type and with the status; of all without. */
  nodes({ type, status }: { type?: string; status?: string }, call: Call): Promise<CroupierNode[]> {
    const query = new URLSearchParams({
      ...(type !== undefined && { type }),
      ...(status !== undefined && { status }),
    }).toString();
    const path = `/api/v1/nodes${query === '' ? '' : `?${query}`}`;
    return this.#api.repeatable(this.#get(path), call, ({ json }) => entriesAt(json, 'items').map(nodeOf));
  }

  /**
   * Takes a node out of rotation. `timeout`: ms that it has for what it is at. Whether the answer comes before or after that
   * is croupier's affair; another Drover answers 409 when the time is over.
   */
  async drain(id: string, timeout: number, call: Call): Promise<void> {
    const body = { timeout: Math.max(1, Math.ceil(timeout / 1000)) };
    const request = { ...this.#post(id, 'drain', body), okStatus: [200, 201, 202, 204, STILL_AT_IT] };
    await this.#draining(timeout).repeatable(request, call, () => undefined);
  }

  /** Takes it into rotation again. */
  async undrain(id: string, call: Call): Promise<void> {
    await this.#api.repeatable(this.#post(id, 'undrain'), call, () => undefined);
  }

  async restart(id: string, call: Call): Promise<void> {
    await this.#api.once(this.#post(id, 'restart'), call, () => undefined);
  }

  meta(id: string, call: Call): Promise<Json> {
    return this.#api.repeatable(this.#get(`${of(id)}/meta`), call, ({ json }) => valuesAt(json, 'meta')[0] ?? null);
  }

  /** In place of all that was there. */
  putMeta(id: string, meta: Json, call: Call): Promise<Json> {
    const request: ApiRequest = { method: 'PUT', path: `${of(id)}/meta`, headers: this.#headers, body: { meta } };
    return this.#api.repeatable(request, call, ({ json }) => valuesAt(json, 'meta')[0] ?? null);
  }

  commands(call: Call): Promise<NodeCommand[]> {
    return this.#api.repeatable(this.#get('/api/v1/nodes/commands'), call, ({ json }) =>
      entriesAt(json, 'items').map((item) => ({
        name: textAt(item, 'name') ?? '',
        description: textAt(item, 'description?') ?? '',
      })),
    );
  }

  #get(path: string): ApiRequest {
    return { method: 'GET', path, headers: this.#headers };
  }

  /** The seed has no reply to these. */
  #post(id: string, verb: string, body: Json = {}): ApiRequest {
    return { method: 'POST', path: `${of(id)}/${verb}`, headers: this.#headers, body, reply: 'any' };
  }
}

function of(id: string): string {
  return `/api/v1/nodes/${encodeURIComponent(id)}`;
}

/** The seed leaves a node's fields open; these are croupier's own (its dashboard's service/node). */
function nodeOf(json: Json): CroupierNode {
  const updatedAt = Date.parse(textAt(json, 'updatedAt?') ?? '');
  return {
    id: idAt(json, 'id'),
    status: textAt(json, 'status?') ?? '',
    type: textAt(json, 'type?') ?? '',
    updatedAt: Number.isNaN(updatedAt) ? undefined : updatedAt,
    json,
  };
}
