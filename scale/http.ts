import { textsAt } from '../model/json-path.ts';
import { HTTP_ACTS, placesIn } from '../model/pool/http-request.ts';
import type { HttpSpec } from '../model/pool/provider.ts';
import { type Reply, timingOf } from './api.ts';
import type { Given } from './given.ts';
import { httpAct } from './http-act.ts';
import { httpList } from './http-list.ts';
import { httpRelease } from './http-release.ts';
import { HttpRequests } from './http-requests.ts';
import { type Call, type Maker, NotSent, Refused, Unclear } from './provider.ts';

/** Any API, as the pool describes it: which requests, and where in their replies is what. */
export async function http(spec: HttpSpec, given: Given): Promise<Maker> {
  const requests = await HttpRequests.open(spec, given);
  const isForAll = placesIn(spec.create).includes('count');
  const acts = HTTP_ACTS.flatMap((name) => (spec[name] ? [[name, httpAct(requests, name, spec[name])] as const] : []));

  return {
    how: 'makes',
    isKeyed: spec.create.keyed ?? false,
    timing: timingOf(spec),
    listsGroup: true,
    acts: Object.fromEntries(acts),
    create: (wanted, call) => (isForAll ? create(requests, wanted, call) : createEach(requests, wanted, call)),
    list: (call) => httpList(requests, call),
    release: (ids, options, call) => httpRelease(requests, ids, options, call),
  };
}

type Wanted = Parameters<Maker['create']>[0];

function create(requests: HttpRequests, { count, key, options }: Wanted, call: Call): Promise<string[]> {
  const { spec, api } = requests;
  const request = requests.make('create', spec.create, { count, key }, options);
  const read = ({ json }: Reply) => textsAt(json, spec.create.ids);
  return spec.create.keyed ? api.repeatable(request, call, read) : api.once(request, call, read);
}

/** One after another. Those that came are all there are when the vendor has no more. */
async function createEach(requests: HttpRequests, { count, key, options }: Wanted, call: Call): Promise<string[]> {
  const ids: string[] = [];
  for (let nth = 1; nth <= count; nth++) {
    try {
      ids.push(...(await create(requests, { count: 1, key: `${key}-${nth}`, options }, call)));
    } catch (error) {
      if (ids.length === 0) throw error;
      if (error instanceof NotSent && requests.spec.create.keyed)
        throw new Unclear(`${error.message}; ${ids.length} of ${count} are made`);
      if (!(error instanceof Refused || error instanceof NotSent)) throw error;
      call.say(`${error.message}; ${ids.length} of ${count} are made`);
      return ids;
    }
  }
  return ids;
}
