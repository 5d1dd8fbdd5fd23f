import type { GroupOptions } from '../model/pool/group-actions.ts';
import { reach } from '../model/pool/http-request.ts';
import { httpList } from './http-list.ts';
import type { HttpRequests } from './http-requests.ts';
import { type Call, Refused } from './provider.ts';
import { releaseListed } from './releasing.ts';

/** Gives machines back, in one request or one for each. */
export function httpRelease(
  requests: HttpRequests,
  ids: readonly string[],
  options: GroupOptions,
  call: Call,
): Promise<void> {
  return releaseListed(
    ids,
    (some) => ask(requests, some, options, call),
    () => httpList(requests, call),
  );
}

async function ask(requests: HttpRequests, ids: readonly string[], options: GroupOptions, call: Call): Promise<void> {
  const described = requests.spec.release;
  const values = reach(described) === 'all' ? [{ ids }] : ids.map((id) => ({ id }));
  const asked = await Promise.allSettled(
    values.map(async (value) => {
      const request = requests.make('release', described, value, options);
      await requests.api.repeatable(request, call, () => undefined);
    }),
  );
  const errors = asked.flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : []));
  // What may have happened weighs more than what has not.
  if (errors.length > 0) throw errors.find((error) => !(error instanceof Refused)) ?? errors[0];
}
