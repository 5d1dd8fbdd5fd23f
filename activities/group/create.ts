import { Refused, type Counter, type Maker, type Taker } from '../../scale/provider.ts';
import { isSameSet, type ApiOptions } from '../../model/pool/provider.ts';
import type { PoolRow } from '../../store/catalogue/types.ts';
import type { MachineRow } from '../../store/machines.ts';
import type { Store } from '../../store/store.ts';
import type { Ended } from '../perform.ts';
import { findUnanswered, make } from './creations.ts';
import { inTurn } from './in-turn.ts';
import { resize } from './resize.ts';
import { untilRunning } from './running.ts';
import { failed, ok, providerOf, repeated, withinOf, type GroupNode, type GroupWork, type Outcomes } from './work.ts';

/** Machines for the nodes, running, with their addresses where they have some. What is there already is not made again. */
export async function createMachines(work: GroupWork): Promise<Outcomes> {
  const provider = await providerOf(work);
  await giveUpSpoiled(work);
  switch (provider.how) {
    case 'makes': {
      const without = await makeMissing(work, provider);
      return new Map([...without, ...(await untilRunning(work, provider, await machinesOf(work)))]);
    }
    case 'takes': {
      const without = await takeMissing(work, provider);
      return new Map([...without, ...(await untilRunning(work, provider, await machinesOf(work)))]);
    }
    case 'counts':
      return await countUp(work, provider);
  }
}

/** The nodes' machines, by number. */
export async function machinesOf({ with: { store }, task, nodes }: GroupWork): Promise<Map<number, MachineRow>> {
  const wanted = new Set(nodes.map(({ no }) => no));
  const rows = await store.machines.ofTask(task.id);
  return new Map(
    rows.flatMap((row) =>
      row.no !== null && wanted.has(row.no) && (row.state === 'made' || row.state === 'kept') ? [[row.no, row]] : [],
    ),
  );
}

/** A new try is a new machine: the one before did not come to run. */
async function giveUpSpoiled(work: GroupWork): Promise<void> {
  const machines = await machinesOf(work);
  const spoiled = work.nodes.flatMap(({ no, try: tried }) => {
    const machine = machines.get(no);
    return machine && machine.try < tried && machine.readyAt === null ? [machine.id] : [];
  });
  await work.with.store.machines.become(
    spoiled,
    'spoiled',
    'it did not come to run, and another was made in its place',
  );
}

async function missing(work: GroupWork): Promise<GroupNode[]> {
  const machines = await machinesOf(work);
  return work.nodes.filter(({ no }) => !machines.has(no));
}

/* ---- new machines ---- */

/** Batches of a task that run side by side ask one after another: each is to find its own machines. */
function makeMissing(work: GroupWork, provider: Maker): Promise<Outcomes> {
  return inTurn(work.task.id, async () => {
    const { with: deps, pool, task, options, call } = work;
    const wanted = { poolId: pool.id, taskId: task.id, options, until: Date.now() + withinOf(work, provider) };
    await findUnanswered(deps.store.machines, provider, wanted, call);
    const count = (await assignFree(work)).length;
    if (count === 0) return new Map<number, Ended>();
    const why = await make(deps.store.machines, provider, { ...wanted, count }, call);
    const left = await assignFree(work);
    return new Map(left.map(({ no }) => [no, failed(why || 'its machine went to another node')]));
  });
}

/** Machines of the task that are no node's yet become those of nodes without one. The nodes that are left. */
async function assignFree(work: GroupWork): Promise<GroupNode[]> {
  const { store } = work.with;
  const rows = await store.machines.ofTask(work.task.id);
  const free = rows.filter(({ no, state }) => no === null && state === 'made');
  const without = await missing(work);
  const places = without
    .slice(0, free.length)
    .map(({ no, try: tried }, i) => ({ id: free[i]?.id ?? 0, no, try: tried }));
  await store.machines.assign(places);
  return await missing(work);
}

/* ---- spares ---- */

/** Which spares are taken is durable before they are: taking them may be repeated. One after another, or two would take the same. */
async function takeMissing(work: GroupWork, provider: Taker): Promise<Outcomes> {
  const without = await inTurn(placeOf(work.pool), () => chooseSpares(work, provider));
  return new Map([...without, ...(await take(work, provider, work.options))]);
}

/** Where the spares are known; a list of one's own costs no request. */
function placeOf({ provider }: PoolRow): string {
  const [spec] = provider ? Object.values<ApiOptions | object>(provider) : [];
  return spec && 'endpoint' in spec ? `spares at ${spec.endpoint}` : 'spares';
}

/** For nodes without one. Those for which there is none. */
async function chooseSpares(work: GroupWork, provider: Taker): Promise<Outcomes> {
  const { with: deps, pool, task, call } = work;
  const without = await missing(work);
  if (without.length === 0) return new Map();
  const owned = await takenOf(deps.store, pool);
  const spares = (await provider.list(call)).filter(({ id, status }) => status === 'spare' && !owned.has(id));
  const taken = without.slice(0, spares.length);
  await deps.store.machines.note(
    pool.id,
    task.id,
    taken.map(({ no, try: tried }, i) => ({ providerId: spares[i]?.id ?? '', no, try: tried, state: 'made' as const })),
  );
  const why = `the provider has ${spares.length} of the ${without.length} spare machines that were wanted`;
  return new Map(without.slice(spares.length).map(({ no }) => [no, failed(why)]));
}

/** What is taken already of the pool's set: by this pool, or by another one with the same set. */
async function takenOf({ catalogue, machines }: Store, pool: PoolRow): Promise<Set<string>> {
  const pools = (await catalogue.pools.all()).filter(({ provider }) => isSameSet(provider, pool.provider));
  const live = await Promise.all(pools.map(({ id }) => machines.live(id)));
  return new Set(live.flat().map(({ providerId }) => providerId));
}

async function take(work: GroupWork, provider: Taker, options: GroupWork['options']): Promise<Outcomes> {
  const { with: deps, call } = work;
  const rows = [...(await machinesOf(work)).values()].filter(({ readyAt }) => readyAt === null);
  if (rows.length === 0) return new Map();
  const ids = rows.map(({ providerId }) => providerId);
  try {
    await repeated(call, Date.now() + withinOf(work, provider), () => provider.take(ids, options, call));
    call.say(`took ${ids.join(', ')}`);
    return new Map();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const reason = error.message;
    await deps.store.machines.become(
      rows.map(({ id }) => id),
      'spoiled',
      reason,
    );
    return new Map(rows.map(({ no }) => [no ?? -1, failed(reason)]));
  }
}

/* ---- a number ---- */

/** Each unit is a machine of its node's name; the vendor is told how many there are. */
async function countUp(work: GroupWork, provider: Counter): Promise<Outcomes> {
  const { with: deps, pool, task, nodes } = work;
  const { machines } = deps.store;
  await machines.note(
    pool.id,
    task.id,
    nodes.map(({ no, node, try: tried }) => ({ providerId: node.name, no, try: tried, state: 'made' as const })),
  );
  const rows = [...(await machinesOf(work)).values()];
  try {
    await resize(work, provider);
    await machines.ready(rows.map(({ id }) => ({ id, address: '' })));
    return new Map(nodes.map(({ no }) => [no, ok()]));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    await machines.become(
      rows.map(({ id }) => id),
      'returned',
      error.message,
    );
    const { message } = error;
    return new Map(nodes.map(({ no }) => [no, failed(message)]));
  }
}
