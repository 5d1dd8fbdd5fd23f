import type { Json } from '../model/json.ts';
import { entriesAt, idAt, textAt, textsAt } from '../model/json-path.ts';
import type { EveraiSpec } from '../model/pool/provider.ts';
import { Api, type ApiRequest, timingOf } from './api.ts';
import { type Given, valueOf } from './given.ts';
import type { Call, Machine, Maker } from './provider.ts';
import { releaseListed } from './releasing.ts';

/**
 * The workers of an application of everai (seed 004; proto3's JSON: what is empty is left out, and 64-bit numbers are texts).
 * A scale-up has no key: after a lost reply its workers are found in the list.
 */
export async function everai(spec: EveraiSpec, given: Given): Promise<Maker> {
  const token = await valueOf(spec.token, given);
  const api = new Api('everai', spec, given.limiters, [token]);
  const headers = { authorization: `Bearer ${token}` };
  const namespace = encodeURIComponent(spec.namespace ?? 'default');
  const workers = `/api/apps/v1/namespaces/${namespace}/apps/${encodeURIComponent(spec.app)}/workers`;

  /** Without showAll, workers that came to nothing are not in the list; with it the list goes back two days. */
  const list = (call: Call) =>
    api.repeatable({ method: 'GET', path: `${workers}?showAll=true`, headers }, call, ({ json }) =>
      entriesAt(json, 'workers?').map(machineOf),
    );

  /** By ids, and not by number, so that it may be repeated. */
  const scaleDown = (ids: readonly string[], call: Call) => {
    const body = { workerIds: [...ids] };
    const request: ApiRequest = { method: 'POST', path: `${workers}:scale-down`, headers, body, reply: 'any' };
    return api.repeatable(request, call, () => undefined);
  };

  return {
    how: 'makes',
    isKeyed: false,
    timing: timingOf(spec),
    listsGroup: true,
    acts: {},
    list,

    create({ count }, call) {
      const body = { scaleUpWorkersNum: String(count) };
      return api.once({ method: 'POST', path: `${workers}:scale-up`, headers, body }, call, ({ json }) =>
        textsAt(json, 'workerIds'),
      );
    },

    release: (ids, _options, call) =>
      releaseListed(
        ids,
        (some) => scaleDown(some, call),
        () => list(call),
      ),
  };
}

/** What is in none of these is an error: STATUS_ERROR, STATUS_UNAVAILABLE, STATUS_UNSPECIFIED. */
const STATUSES: Partial<Record<string, Machine['status']>> = {
  STATUS_CREATED: 'pending',
  STATUS_INITIALIZED: 'pending',
  STATUS_PENDING: 'pending',
  STATUS_RUNNING: 'running',
  STATUS_TERMINATING: 'leaving',
  STATUS_TERMINATED: 'gone',
};

function machineOf(worker: Json): Machine {
  const word = textAt(worker, 'status?') ?? 'STATUS_UNSPECIFIED';
  const detail = textAt(worker, 'detailStatus?');
  const status = STATUSES[word] ?? 'failed';
  return {
    id: idAt(worker, 'id'),
    // It is being deleted before its status says so.
    status: status === 'running' && detail === 'DETAIL_STATUS_REMOVE' ? 'leaving' : status,
    detail: detail === undefined ? word : `${word}, ${detail}`,
  };
}
