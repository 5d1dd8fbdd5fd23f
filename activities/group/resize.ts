import type { Call, Counter } from '../../scale/provider.ts';
import type { PoolRow } from '../../store/catalogue/types.ts';
import type { TaskRow } from '../../store/tasks.ts';
import type { Dependencies } from '../dependencies.ts';
import { inTurn } from './in-turn.ts';
import { repeated } from './work.ts';

interface Resizing {
  with: Pick<Dependencies, 'store'>;
  pool: PoolRow;
  task: TaskRow;
  call: Call;
}

/**
 * Sets the number to that of the live units. Nothing reads it back, so who set it to what is in the audit. One after another:
 * the last one has to be of all that there are.
 */
export function resize(resizing: Resizing, provider: Counter): Promise<void> {
  return inTurn(`number of pool ${resizing.pool.id}`, () => set(resizing, provider));
}

async function set({ with: { store }, pool, task, call }: Resizing, provider: Counter): Promise<void> {
  const present = (await store.catalogue.nodes.all(pool.id)).map(({ vmId }) => vmId).filter((id) => id !== '');
  await store.machines.note(
    pool.id,
    null,
    (await store.machines.unknown(pool.id, present)).map((providerId) => {
      return { providerId, no: null, try: 0, state: 'joined' as const };
    }),
  );
  const units = await store.machines.live(pool.id);
  const count = units.filter(({ state }) => state !== 'leaving').length;
  await store.audit.around(
    { name: task.startedBy, role: 'operator', via: 'local', from: null },
    { action: 'pool.resize', kind: 'pool', name: pool.name, after: { count, task: task.name } },
    () => repeated(call, Date.now() + provider.timing.within, () => provider.resize(count, call)),
  );
  call.say(`set to ${count}`);
}
