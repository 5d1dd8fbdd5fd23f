import { randomUUID } from 'node:crypto';
import type { Json } from '../model/json.ts';
import { entriesAt, textAt, textsAt } from '../model/json-path.ts';
import type { GroupOptions } from '../model/pool/group-actions.ts';
import type { ApiOptions, JupiterSpec } from '../model/pool/provider.ts';
import { Api, type ApiRequest, type Reply, timingOf } from './api.ts';
import { type Given, valueOf } from './given.ts';
import { chosen } from './opendcp-number.ts';
import { failed, ok, outcomeOf, timedOut } from './outcomes.ts';
import { isTrouble, orTrouble, polled } from './polling.ts';
import type { Act, ActCall, Acted, ActOutcome } from './provider.ts';
import { unlessCode } from './refusal.ts';
import { jsonOf } from './reply.ts';

type DiscoverySpec = NonNullable<JupiterSpec['discovery']>;

/** A change that the adaptor goes on with by itself. `task`: its id there; empty when it was not told. */
interface Change {
  task: string;
  /** The request's correlation id. */
  of: string;
}

const CHANGES = '/v1/adaptor/auto_alteration';
/** States of a change; below are those of one that is under way. */
const DONE = 2;
const FAILED = 3;

/**
 * Service discovery through OpenDCP's hubble adaptor, as orion drives it (document/usermanual.md; what the adaptor does was
 * read in its source). Adding an address that is there, or removing one that is not, changes nothing, so requests may be
 * repeated. An adaptor changes all addresses together or none.
 */
export async function discovery(
  spec: DiscoverySpec,
  asking: ApiOptions,
  given: Given,
): Promise<{ register: Act; unregister: Act }> {
  const appkey = await valueOf(spec.appkey, given);
  const api = new Api('service discovery', { ...asking, endpoint: spec.endpoint }, given.limiters, [appkey]);
  const timing = timingOf(asking);
  const ofPool = spec.id ?? given.sdId;

  const act =
    (verb: 'add' | 'remove'): Act =>
    async (machines, options, call) => {
      const reachable = machines.filter(({ address }) => address !== '');
      const outcome = reachable.length > 0 ? await change(verb, reachable, options, call) : ok;
      return machines.map((machine) =>
        machine.address === '' ? failed(machine, `${machine.name} has no address to ${verb}`) : outcome(machine),
      );
    };

  /** One outcome for all. */
  async function change(verb: 'add' | 'remove', machines: readonly Acted[], options: GroupOptions, call: ActCall) {
    const type = chosen({ name: 'service_discovery_id', ofPool, ofStep: options['service_discovery_id'] }, call);
    if (type === undefined) return (machine: Acted) => failed(machine, NO_ID);
    const begun = await orTrouble(() => begin(verb, type, machines, call));
    if (isTrouble(begun)) return (machine: Acted) => outcomeOf(machine, begun);
    if (begun === 'done') return ok;
    return follow(begun, Number(options['within'] ?? timing.within), call);
  }

  /** An attempt that was interrupted has left a change that is under way. */
  async function begin(
    verb: 'add' | 'remove',
    type: number,
    machines: readonly Acted[],
    call: ActCall,
  ): Promise<Change | 'done'> {
    if (call.kept !== undefined) return changeOf(call.kept);
    const of = `drover-${randomUUID()}`;
    const request: ApiRequest = {
      method: 'POST',
      path: `${CHANGES}/${verb}/`,
      headers: { appkey, 'x-correlation-id': of },
      body: { type_id: type, ips: machines.map(({ address }) => address).join(','), user: 'root' },
      refusal: (reply) => refusal(reply) ?? nothingTaken(reply, type),
    };
    const task = await api.repeatable(request, call, ({ json }) =>
      textAt(json, 'data?.type?') === 'sync' ? undefined : (textAt(json, 'data?.task_id?') ?? ''),
    );
    if (task === undefined) return 'done';
    await call.keep(JSON.stringify([task, of]));
    return { task, of };
  }

  async function follow(change: Change, within: number, call: ActCall): Promise<(machine: Acted) => ActOutcome> {
    const state = await polled(() => stateOf(change, call), { poll: timing.poll, within }, call);
    if (state === DONE) return ok;
    const what = `service discovery: change ${change.task || change.of}`;
    if (state === FAILED) return (machine) => failed(machine, `${what} failed`);
    return (machine) => timedOut(machine, `${what} has not ended within ${within / 1000} s`);
  }

  /** Undefined while it is under way. */
  function stateOf({ task, of }: Change, call: ActCall): Promise<number | undefined> {
    const query = task === '' ? '' : `?release_id=${encodeURIComponent(task)}`;
    const headers = { appkey, 'x-correlation-id': of };
    const request: ApiRequest = { method: 'GET', path: `${CHANGES}/check_state/${query}`, headers, refusal };
    return api.repeatable(request, call, ({ json }) => {
      const state = Number(textAt(json, 'data.state'));
      if (state === FAILED) for (const line of detailsIn(json)) call.say(line);
      return state === DONE || state === FAILED ? state : undefined;
    });
  }

  return { register: act('add'), unregister: act('remove') };
}

const NO_ID =
  'service discovery: no id is given, expected discovery.id of the provider, the sd_id of the pool, or service_discovery_id of the step: a number above 0';

/** The servers that the change was to reach (the balancers', not the pool's). */
function detailsIn(json: Json): string[] {
  return entriesAt(json, 'data?.detail?').map(
    (detail) => `service discovery: ${textAt(detail, 'ip?') ?? '?'}: state ${textAt(detail, 'state?') ?? '?'}`,
  );
}

function changeOf(kept: string): Change {
  const [task = '', of = ''] = textsAt(jsonOf(kept) ?? null, '');
  return { task, of };
}

/** Errors come with status 200. */
const refusal = unlessCode('0', 'msg');

/** For a type that it does not know, the adaptor says that all is well, and that it has done nothing. */
function nothingTaken({ json }: Reply, type: number): string | undefined {
  const told = [textAt(json, 'data?.type?'), textAt(json, 'data?.task_id?')];
  return told.every((text) => text === undefined) ? `no change was made: is there a type_id ${type}?` : undefined;
}
