import type { GroupKind } from '../../model/pool/group-actions.ts';
import { Refused } from '../../scale/provider.ts';
import { SecretMissing } from '../secrets.ts';
import { act, all, awaitMachines, drain, undrain } from './acts.ts';
import { createMachines } from './create.ts';
import { growPool } from './grow.ts';
import { returnMachines } from './release.ts';
import { failed, isPassing, type GroupWork, type Outcomes } from './work.ts';

const OWN: Partial<Record<GroupKind, (work: GroupWork) => Promise<Outcomes>>> = {
  create_vm: createMachines,
  return_vm: returnMachines,
  grow_pool: growPool,
  await_vm: awaitMachines,
  drain,
  undrain,
};

/** What the vendor refuses, or does not answer in time, is a result. */
export async function carryOut(asked: Omit<GroupWork, 'pool'>): Promise<Outcomes> {
  const { with: deps, task, nodes, kind } = asked;
  const pool = task.poolId === null ? undefined : await deps.store.catalogue.pools.get(task.poolId);
  if (!pool)
    return new Map(nodes.map(({ no }) => [no, failed(`pool ${task.pool ?? ''} is not in the catalogue any more`)]));
  const work: GroupWork = { ...asked, pool };
  try {
    const outcomes = await (OWN[kind] ?? act)(work);
    return new Map(nodes.map(({ no }) => [no, outcomes.get(no) ?? failed(`${kind} came to nothing for it`)]));
  } catch (error) {
    const isTold = error instanceof Refused || error instanceof SecretMissing || isPassing(error);
    if (!isTold || work.call.signal.aborted) throw error;
    return all(work, failed(error.message));
  }
}
