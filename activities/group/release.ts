import { setTimeout as delay } from 'node:timers/promises';
import type { GroupOptions } from '../../model/pool/group-actions.ts';
import {
  Refused,
  type Call,
  type Counter,
  type Machine,
  type Maker,
  type Provider,
  type Taker,
} from '../../scale/provider.ts';
import type { PoolRow } from '../../store/catalogue/types.ts';
import type { MachineRow } from '../../store/machines.ts';
import type { TaskRow } from '../../store/tasks.ts';
import type { Dependencies } from '../dependencies.ts';
import type { Ended } from '../perform.ts';
import { resize } from './resize.ts';
import { failed, isPassing, ok, providerOf, repeated, withinOf, type GroupWork, type Outcomes } from './work.ts';

/** Gives the nodes' machines back, and waits until they are gone. A node that was added by hand has none. */
export async function returnMachines(work: GroupWork): Promise<Outcomes> {
  const provider = await providerOf(work);
  const rows = await rowsOf(work);
  const { with: deps, pool, task, call, options } = work;
  const returned = await giveBack(deps, { pool, task, provider, options, call }, [...rows.values()]);
  return new Map(
    work.nodes.map(({ no }) => {
      const row = rows.get(no);
      if (!row)
        call.say(
          `${work.nodes.find((node) => node.no === no)?.node.name ?? ''} has no machine of the provider: nothing to give back`,
        );
      return [no, row ? (returned.get(row.id) ?? failed('it was not given back')) : ok()];
    }),
  );
}

/** The machine of each node, written down if nobody has yet: it may have come into the pool by hand, with its id. */
async function rowsOf({ with: { store }, pool, task, nodes }: GroupWork): Promise<Map<number, MachineRow>> {
  const present = new Map((await store.catalogue.nodes.all(pool.id)).map((row) => [row.name, row.vmId]));
  const ids = new Map(
    nodes.map(({ no, node }) => [no, task.kind === 'release' ? node.name : (present.get(node.name) ?? '')]),
  );
  const known = await store.machines.live(pool.id);
  const unknown = [...ids.values()].filter((id) => id !== '' && !known.some(({ providerId }) => providerId === id));
  await store.machines.note(
    pool.id,
    null,
    unknown.map((providerId) => ({ providerId, no: null, try: 0, state: 'joined' as const })),
  );
  const rows = new Map((await store.machines.live(pool.id)).map((row) => [row.providerId, row]));
  return new Map(
    [...ids].flatMap(([no, id]) => {
      const row = rows.get(id);
      return row ? [[no, row]] : [];
    }),
  );
}

export interface GivingBack {
  pool: PoolRow;
  task: TaskRow;
  provider: Provider;
  options: GroupOptions;
  call: Call;
}

/**
 * Gives machines back. What became of each, by the row's id; a machine that is not gone stays written down as `leaving`. When the
 * vendor refuses, a node of the pool keeps its machine.
 */
export async function giveBack(
  deps: Pick<Dependencies, 'store'>,
  how: GivingBack,
  rows: readonly MachineRow[],
): Promise<Map<number, Ended>> {
  if (rows.length === 0) return new Map();
  const ids = rows.map(({ id }) => id);
  await deps.store.machines.become(ids, 'leaving');
  try {
    const { provider } = how;
    return provider.how === 'counts'
      ? await countDown(deps, how, provider, rows)
      : await release(deps, how, provider, rows);
  } catch (error) {
    if (!(error instanceof Refused) && !isPassing(error)) throw error;
    await deps.store.machines.notReturned(ids, `it could not be given back: ${error.message}`);
    return new Map(rows.map(({ id }) => [id, failed(error.message)]));
  }
}

async function countDown(
  deps: Pick<Dependencies, 'store'>,
  { pool, task, call }: GivingBack,
  provider: Counter,
  rows: readonly MachineRow[],
): Promise<Map<number, Ended>> {
  await resize({ with: deps, pool, task, call }, provider);
  await deps.store.machines.become(
    rows.map(({ id }) => id),
    'returned',
  );
  return new Map(rows.map(({ id }) => [id, ok()]));
}

async function release(
  deps: Pick<Dependencies, 'store'>,
  { call, options, pool }: Omit<GivingBack, 'provider'>,
  provider: Maker | Taker,
  rows: readonly MachineRow[],
): Promise<Map<number, Ended>> {
  const ids = rows.map(({ providerId }) => providerId);
  const within = withinOf({ options }, provider);
  const until = Date.now() + within;
  await repeated(call, until, () => provider.release(ids, options, call));
  const left = await untilGone(provider, rows, { call, until }, async (gone) => {
    await deps.store.machines.become(
      gone.map(({ id }) => id),
      'returned',
    );
    call.say(`given back: ${gone.map(({ providerId }) => providerId).join(', ')}`);
  });
  const ends = new Map(rows.map(({ id }) => [id, ok()]));
  for (const { row, said } of left) {
    const reason = `machine ${row.providerId} of pool ${pool.name} is still ${said} ${within / 1000} s after it was given back`;
    await deps.store.machines.become([row.id], 'leaving', reason);
    ends.set(row.id, failed(reason, 'timed_out'));
  }
  return ends;
}

/** One request a look, for all of them. Those that are still there when the time is over. */
async function untilGone(
  provider: Maker | Taker,
  rows: readonly MachineRow[],
  { call, until }: { call: Call; until: number },
  onGone: (rows: MachineRow[]) => Promise<void>,
): Promise<{ row: MachineRow; said: string }[]> {
  for (let waiting = [...rows]; ;) {
    const listed = await look(provider, waiting, call);
    const gone = listed ? waiting.filter((row) => isGone(provider, listed.get(row.providerId))) : [];
    if (gone.length > 0) await onGone(gone);
    waiting = waiting.filter((row) => !gone.includes(row));
    if (waiting.length === 0) return [];
    if (Date.now() >= until)
      return waiting.map((row) => ({ row, said: listed?.get(row.providerId)?.detail ?? 'not known to be gone' }));
    await delay(provider.timing.poll, undefined, { signal: call.signal });
  }
}

async function look(
  provider: Maker | Taker,
  rows: MachineRow[],
  call: Call,
): Promise<Map<string, Machine> | undefined> {
  try {
    const listed = await provider.list(
      call,
      rows.map(({ providerId }) => providerId),
    );
    return new Map(listed.map((machine) => [machine.id, machine]));
  } catch (error) {
    if (!isPassing(error)) throw error;
    call.say(error.message);
    return undefined;
  }
}

function isGone(provider: Maker | Taker, machine: Machine | undefined): boolean {
  if (provider.how === 'takes') return provider.isPassive === true || !machine || machine.status === 'spare';
  return !machine || machine.status === 'gone';
}
