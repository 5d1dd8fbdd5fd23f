import { setMaxListeners } from 'node:events';
import { ApplicationFailure } from '@temporalio/activity';
import type { OnFailure } from '../model/pool/pool.ts';
import type { Call, Maker, Provider } from '../scale/provider.ts';
import type { PoolRow } from '../store/catalogue/types.ts';
import type { MachineRow } from '../store/machines.ts';
import type { TaskRow } from '../store/tasks.ts';
import { followCancellation } from './cancellation.ts';
import type { Dependencies } from './dependencies.ts';
import { adopt, freshIds, patienceOf } from './group/creations.ts';
import { giveBack } from './group/release.ts';
import { dropReturned, settleMembership } from './membership.ts';

const DEFAULT: OnFailure = 'release';

/** Ends what a task began with its pool; see `settle`. */
export async function settlePool(dependencies: Dependencies, taskId: string): Promise<void> {
  const ending = followCancellation();
  try {
    await settle(dependencies, taskId, AbortSignal.any([ending.kill, ending.leave]));
  } catch (error) {
    if (ending.leave.aborted) throw ApplicationFailure.retryable('let go; it is taken up again', 'LetGo');
    throw error;
  } finally {
    ending.stop();
  }
}

/**
 * Nodes that are ok enter or leave the pool. Machines that were made and whose nodes are not ok are given back, or kept and
 * listed, as the pool says; those of requests whose reply was lost are looked for once more. What cannot be given back now
 * stays written down, and the sweep comes back to it.
 */
export async function settle(deps: Dependencies, taskId: string, signal: AbortSignal): Promise<void> {
  const { store, log } = deps;
  // Requests for many machines wait for their turn at once.
  setMaxListeners(0, signal);
  await settleMembership(store, taskId);
  const task = await store.tasks.byId(taskId);
  const pool = task?.poolId == null ? undefined : await store.catalogue.pools.get(task.poolId);
  if (!task || !pool?.provider || !(await hasLeftovers(deps, taskId))) return;
  const call: Call = { signal, say: (line) => log.info({ task: task.name, pool: pool.name }, line) };
  try {
    const provider = await deps.providers.of(pool);
    if (provider.how === 'makes') await lookForLost(deps, task, provider, call);
    await compensate(deps, { task, pool, provider, call });
  } catch (error) {
    if (signal.aborted) throw error;
    log.warn(
      { err: error, task: task.name, pool: pool.name },
      'what the task left with the provider is not settled yet',
    );
  }
}

async function hasLeftovers({ store }: Dependencies, taskId: string): Promise<boolean> {
  const rows = await store.machines.ofTask(taskId);
  return rows.some(isLeftover) || (await store.machines.lost(taskId)).length > 0;
}

/** Neither in the pool nor put aside for a person. */
function isLeftover({ state }: MachineRow): boolean {
  return state === 'made' || state === 'spoiled' || state === 'leaving';
}

/** Machines that come late are found by a later sweep. */
async function lookForLost(deps: Dependencies, task: TaskRow, provider: Maker, call: Call): Promise<void> {
  const { machines } = deps.store;
  if (!provider.listsGroup) return;
  for (const creation of await machines.lost(task.id)) {
    const fresh = await freshIds(machines, provider, creation, call);
    if (!fresh) continue;
    const isOver = Date.now() > creation.at.getTime() + patienceOf(provider.timing);
    if (fresh.length >= creation.count || (isOver && fresh.length > 0)) await adopt(machines, creation, fresh, call);
    else if (isOver) await machines.unmade(creation, 'nothing');
    else await machines.note(creation.poolId, task.id, fresh.map(asMade));
  }
}

function asMade(providerId: string) {
  return { providerId, no: null, try: 0, state: 'made' as const };
}

interface Settling {
  task: TaskRow;
  pool: PoolRow;
  provider: Provider;
  call: Call;
}

async function compensate(deps: Dependencies, { task, pool, provider, call }: Settling): Promise<void> {
  const { machines } = deps.store;
  const rows = (await machines.ofTask(task.id)).filter(isLeftover);
  const kept = (pool.onFailure || DEFAULT) === 'keep' ? rows.filter(({ state }) => state !== 'leaving') : [];
  await machines.keepBack(kept.map(({ id }) => id));
  const leaving = rows.filter((row) => !kept.includes(row));
  const ends = await giveBack(deps, { task, pool, provider, options: {}, call }, leaving);
  const gone = leaving.filter(({ id }) => ends.get(id)?.status === 'ok');
  await dropReturned(
    deps.store,
    task,
    gone.map(({ providerId }) => providerId),
  );
}
