import type { GroupOptions } from '../model/pool/group-actions.ts';
import { type HttpAct, methodOf, reach } from '../model/pool/http-request.ts';
import type { HttpActRequest } from '../model/pool/provider.ts';
import type { HttpRequests } from './http-requests.ts';
import { ok, outcomeOf, unknown } from './outcomes.ts';
import { isTrouble, orTrouble } from './polling.ts';
import type { Act, ActCall, Acted, ActOutcome } from './provider.ts';

/** Idempotent, as RFC 9110 has it. */
const IDEMPOTENT = new Set(['GET', 'PUT', 'DELETE']);

/** A described request as a group action. It has ended when it is answered. */
export function httpAct(requests: HttpRequests, name: HttpAct, described: HttpActRequest): Act {
  const { repeatable = IDEMPOTENT.has(described.method ?? methodOf(name)) } = described;
  const forAll = reach(described) === 'all';

  return async (machines, options, call) => {
    const groups = forAll ? [machines] : machines.map((machine) => [machine]);
    if (!repeatable) return onceEach(groups, call, (group) => ask(group, options, call, 'once'));
    const asked = groups.map((group) => ask(group, options, call, 'repeatable'));
    return (await Promise.all(asked)).flat();
  };

  async function ask(
    group: readonly Acted[],
    options: GroupOptions,
    call: ActCall,
    how: 'once' | 'repeatable',
  ): Promise<ActOutcome[]> {
    const outcome = await orTrouble(async () => {
      await requests.api[how](requests.make(name, described, valuesOf(group), options), call, () => undefined);
    });
    return group.map((machine) => (isTrouble(outcome) ? outcomeOf(machine, outcome) : ok(machine)));
  }
}

function valuesOf(group: readonly Acted[]) {
  const [first] = group;
  return {
    id: first?.id,
    address: first?.address,
    ids: group.map(({ id }) => id),
    addresses: group.map(({ address }) => address),
  };
}

/**
 * One after another, each made at most once, also when this is interrupted and begun again: what is kept before a request has
 * its outcome as unknown.
 */
async function onceEach(
  groups: readonly (readonly Acted[])[],
  call: ActCall,
  ask: (group: readonly Acted[]) => Promise<ActOutcome[]>,
): Promise<ActOutcome[]> {
  const outcomes = call.kept === undefined ? [] : (JSON.parse(call.kept) as ActOutcome[][]);
  for (const group of groups.slice(outcomes.length)) {
    const interrupted = group.map((machine) => unknown(machine, 'was interrupted while the request was under way'));
    await call.keep(JSON.stringify([...outcomes, interrupted]));
    outcomes.push(await ask(group));
  }
  return outcomes.flat();
}
