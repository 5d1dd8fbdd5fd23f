import { setTimeout as delay } from 'node:timers/promises';
import type { Acted, ActOutcome } from '../../scale/provider.ts';
import type { MachineRow } from '../../store/machines.ts';
import type { GroupOptions } from '../../model/pool/group-actions.ts';
import { machinesOf } from './create.ts';
import { untilRunning } from './running.ts';
import { failed, ok, providerOf, type GroupWork, type Outcomes } from './work.ts';

/** The nodes are out of rotation for this task, with Drover first and then, where it can, with the provider. */
export async function drain(work: GroupWork): Promise<Outcomes> {
  const { with: deps, pool, task, nodes, options } = work;
  await deps.store.rotation.drain(
    pool.id,
    nodes.map(({ node }) => node.name),
    task.id,
  );
  const outcomes = await atProvider(work, 'drain');
  await settle(work, options);
  return outcomes;
}

/** What an operator has drained stays so. */
export async function undrain(work: GroupWork): Promise<Outcomes> {
  const { with: deps, pool, task, nodes, options } = work;
  const outcomes = await atProvider(work, 'undrain');
  const well = nodes.filter(({ no }) => outcomes.get(no)?.status === 'ok');
  await deps.store.rotation.undrain(
    pool.id,
    well.map(({ node }) => node.name),
    task.id,
  );
  await settle(work, options);
  return outcomes;
}

/** Who reads the marks may do so only now and then. */
async function settle({ call }: GroupWork, { settle: pause }: GroupOptions): Promise<void> {
  if (typeof pause === 'number') await delay(pause, undefined, { signal: call.signal });
}

async function atProvider(work: GroupWork, kind: 'drain' | 'undrain'): Promise<Outcomes> {
  const all = new Map(work.nodes.map(({ no }) => [no, ok()]));
  if (!work.pool.provider) return all;
  const provider = await providerOf(work);
  if (provider.how === 'counts' || !provider.acts[kind]) return all;
  // What was added by hand the provider does not know: Drover's mark is all there is of it.
  const acted = await actedOn(work);
  const known = { ...work, nodes: work.nodes.filter(({ no }) => acted.has(no)) };
  return known.nodes.length === 0 ? all : new Map([...all, ...(await act(known))]);
}

/** Any other action that the provider itself has. */
export async function act(work: GroupWork): Promise<Outcomes> {
  const { with: deps, task, slice, kind, options, nodes, call } = work;
  const provider = await providerOf(work);
  const carryOut = provider.how === 'counts' ? undefined : provider.acts[kind];
  if (!carryOut) return all(work, failed(`the provider of pool ${work.pool.name} cannot ${kind}`));
  const acted = await actedOn(work);
  const strangers = nodes.filter(({ no }) => !acted.has(no));
  const at = {
    taskId: task.id,
    step: slice.firstStep,
    batch: slice.batch,
    try: Math.max(...nodes.map((node) => node.try)),
  };
  const outcomes =
    acted.size === 0
      ? []
      : await carryOut([...acted.values()], options, {
          ...call,
          kept: await deps.store.machines.kept(at),
          keep: (text) => deps.store.machines.keep(at, text),
        });
  const byId = new Map(outcomes.map((outcome) => [outcome.id, outcome]));
  return new Map([
    ...strangers.map(({ no, node }) => [no, failed(`${node.name} is no machine of the provider`)] as const),
    ...[...acted].map(([no, { id }]) => [no, endOf(byId.get(id))] as const),
  ]);
}

function endOf(outcome: ActOutcome | undefined) {
  return outcome ? failed(outcome.reason, outcome.status) : failed('the provider said nothing of it', 'unknown');
}

export function all({ nodes }: GroupWork, end: ReturnType<typeof ok>): Outcomes {
  return new Map(nodes.map(({ no }) => [no, end]));
}

/** What the provider knows the nodes by. Service discovery knows them by their addresses, so also those added by hand. */
async function actedOn(work: GroupWork): Promise<Map<number, Acted>> {
  const { with: deps, pool, nodes, kind } = work;
  const made = await machinesOf(work);
  const present = new Map((await deps.store.catalogue.nodes.all(pool.id)).map((row) => [row.name, row.vmId]));
  const isByAddress = kind === 'register' || kind === 'unregister';
  return new Map(
    nodes.flatMap(({ no, node: { name, address } }) => {
      const id = made.get(no)?.providerId ?? present.get(name) ?? '';
      if (id === '' && !(isByAddress && address !== '')) return [];
      return [[no, { id: id || name, name, address }] as const];
    }),
  );
}

/** Waits until the provider says that the nodes' machines run. */
export async function awaitMachines(work: GroupWork): Promise<Outcomes> {
  const provider = await providerOf(work);
  if (provider.how === 'counts') return all(work, failed('of a number no status is known'));
  const rows = await liveRows(work);
  const strangers = work.nodes.filter(({ no }) => !rows.has(no));
  return new Map([
    ...strangers.map(({ no, node }) => [no, failed(`${node.name} is no machine of the provider`)] as const),
    ...(await untilRunning(work, provider, rows)),
  ]);
}

async function liveRows(work: GroupWork): Promise<Map<number, MachineRow>> {
  const ids = await actedOn(work);
  const rows = new Map((await work.with.store.machines.live(work.pool.id)).map((row) => [row.providerId, row]));
  return new Map(
    [...ids].flatMap(([no, { id }]) => {
      const row = rows.get(id);
      return row ? [[no, { ...row, no }] as const] : [];
    }),
  );
}
