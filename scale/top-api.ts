import type { Json } from '../model/json.ts';
import { entriesAt, idAt, textAt, valuesAt } from '../model/json-path.ts';
import type { TopSpec } from '../model/pool/provider.ts';
import { Api, type ApiRequest } from './api.ts';
import { type Given, valueOf } from './given.ts';
import type { Call } from './provider.ts';
import { unlessCode } from './refusal.ts';
import { commandOf, type TopCommand } from './top-command.ts';

export interface TopNode {
  id: string;
  /** CREATED, RUNNING, STOPPED or DELETING. */
  status: string;
  /** Of its containers, as `RUNNING`. */
  containers: string[];
}

/** Of a command on a node. */
type Params = Record<string, string>;

/** The container service of Taobao's TOP, route by route (seed 003). All its parameters go into the query. */
export class TopApi {
  readonly #api: Api;
  readonly #accesskey: string;

  private constructor(api: Api, accesskey: string) {
    this.#api = api;
    this.#accesskey = accesskey;
  }

  static async open(spec: TopSpec, given: Given): Promise<TopApi> {
    const accesskey = await valueOf(spec.accesskey, given);
    return new TopApi(new Api('top', spec, given.limiters, [accesskey]), accesskey);
  }

  /** All of the account's. */
  nodes(call: Call): Promise<TopNode[]> {
    const request = () => this.#request('GET', '/api/v1/node');
    return this.#api.repeatable(request, call, ({ json }) => entriesAt(json, 'data').map(nodeOf));
  }

  node(id: string, call: Call): Promise<TopNode> {
    const request = () => this.#request('GET', node(id));
    return this.#api.repeatable(request, call, ({ json }) => nodeOf(dataOf(json)));
  }

  start(id: string, params: Params, call: Call): Promise<TopCommand> {
    return this.#command(() => this.#request('POST', `${node(id)}/start`, params), call);
  }

  stop(id: string, params: Params, call: Call): Promise<TopCommand> {
    return this.#command(() => this.#request('POST', `${node(id)}/stop`, params), call);
  }

  /** For good: Drover itself only starts and stops nodes. */
  remove(id: string, call: Call): Promise<TopCommand> {
    return this.#command(() => this.#request('DELETE', node(id)), call);
  }

  uploadStart(id: string, params: Params, call: Call): Promise<TopCommand> {
    return this.#command(() => this.#request('POST', `${node(id)}/uploadStart`, params), call);
  }

  historyStart(id: string, params: Params, call: Call): Promise<TopCommand> {
    return this.#command(() => this.#request('POST', `${node(id)}/historyStart`, params), call);
  }

  command(commandId: string, call: Call): Promise<TopCommand> {
    const request = () => this.#request('GET', `/api/v1/command/${encodeURIComponent(commandId)}`);
    return this.#api.repeatable(request, call, ({ json }) => commandOf(dataOf(json)));
  }

  #command(request: () => ApiRequest, call: Call): Promise<TopCommand> {
    return this.#api.once(request, call, ({ json }) => commandOf(dataOf(json)));
  }

  #request(method: ApiRequest['method'], path: string, params: Params = {}): ApiRequest {
    const query = new URLSearchParams({ accesskey: this.#accesskey, timestamp: String(Date.now()), ...params });
    return { method, path: `${path}?${query.toString()}`, refusal };
  }
}

function node(id: string): string {
  return `/api/v1/node/${encodeURIComponent(id)}`;
}

function dataOf(json: Json): Json {
  return valuesAt(json, 'data')[0] ?? null;
}

function nodeOf(json: Json): TopNode {
  return {
    id: idAt(json, 'id'),
    status: textAt(json, 'status') ?? '',
    containers: entriesAt(json, 'containers?').map((container) => textAt(container, 'status?') ?? ''),
  };
}

const refusal = unlessCode('0', 'message');
