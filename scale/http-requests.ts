import { textAt } from '../model/json-path.ts';
import type { GroupOptions } from '../model/pool/group-actions.ts';
import { type HttpRequestName, methodOf, secretsOf } from '../model/pool/http-request.ts';
import type { HttpRequest, HttpSpec } from '../model/pool/provider.ts';
import { Api, type ApiRequest, type Reply } from './api.ts';
import type { Given } from './given.ts';
import { messageIn } from './reply.ts';
import { filled, inHeaders, type Values } from './http-filling.ts';

/** s, for the `{{timeout}}` of a drain that has none. */
const DRAINING = 60;

/** The requests that a pool describes, with their values and secrets in place. */
export class HttpRequests {
  readonly spec: HttpSpec;
  readonly api: Api;
  readonly #secrets: Values;
  readonly #ofPool: Values;

  private constructor(spec: HttpSpec, api: Api, secrets: Values, ofPool: Values) {
    this.spec = spec;
    this.api = api;
    this.#secrets = secrets;
    this.#ofPool = ofPool;
  }

  static async open(spec: HttpSpec, given: Given): Promise<HttpRequests> {
    const secrets: Record<string, string> = {};
    for (const name of secretsOf(spec)) secrets[`secret:${name}`] = await given.secret(name);
    const values = Object.values(secrets);
    const api = new Api('http', spec, given.limiters, [...values, ...values.map(encodeURIComponent)]);
    const { vmType, sdId } = given;
    const ofPool = {
      ...(vmType > 0 && { vm_type_id: vmType }),
      ...(sdId > 0 && { service_discovery_id: sdId }),
    };
    return new HttpRequests(spec, api, secrets, ofPool);
  }

  /** Throws Refused when one of its placeholders has no value. */
  make(name: HttpRequestName, described: HttpRequest, values: Values, options: GroupOptions = {}): ApiRequest {
    const { method = methodOf(name), okStatus, ok } = described;
    // The pool's numbers go before the step's, as OpenDCP has it.
    const all = { ...valuesOf(options), ...this.#ofPool, ...values, ...this.#secrets };
    const { path, headers, body } = filled(described, all);
    const isRead = name === 'create' || name === 'list' || ok !== undefined;
    return {
      method,
      path,
      headers: { ...inHeaders(this.spec.headers ?? {}, this.#secrets), ...headers },
      reply: isRead ? 'json' : 'any',
      ...(body !== undefined && { body }),
      ...(okStatus && { okStatus }),
      ...(ok && { refusal: (reply: Reply) => refusalOf(reply, ok) }),
    };
  }
}

/** What a group action's options are as values: numbers as numbers, a duration in seconds. */
function valuesOf({ vm_type_id = '', service_discovery_id = '', timeout }: GroupOptions): Values {
  return {
    ...(vm_type_id !== '' && { vm_type_id: numberOr(vm_type_id) }),
    ...(service_discovery_id !== '' && { service_discovery_id: numberOr(service_discovery_id) }),
    timeout: typeof timeout === 'number' ? Math.ceil(timeout / 1000) : DRAINING,
  };
}

function numberOr(value: string | number): string | number {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
}

function refusalOf({ json }: Reply, { path, is }: { path: string; is: string }): string | undefined {
  const found = textAt(json, path) ?? 'null';
  return found === is ? undefined : `${path} is ${found}, expected ${is}: ${messageIn(json, JSON.stringify(json))}`;
}
