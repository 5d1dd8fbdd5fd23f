import { strandedBy } from '../../model/pool/same-source.ts';
import type { Change } from './change.ts';
import { Strands } from './errors.ts';
import { POOLS } from './tables.ts';
import type { PoolFilter, PoolRow, Values } from './types.ts';
import { liveMachines, usersOf } from './users.ts';
import { TableWriter } from './writer.ts';

/** Pools, whose machines are not to be lost sight of. */
export class PoolWriter extends TableWriter<PoolRow, PoolFilter> {
  constructor(change: Change) {
    super(change, POOLS, (row) => usersOf.pool(change.db, row));
  }

  /** Throws Strands, too, where a new provider would not know the machines of the one before. */
  override async update(id: number, values: Values<PoolRow>, options: { version?: number } = {}): Promise<PoolRow> {
    const before = await this.get(id);
    if (before) await this.#checkSource(before, values);
    return await super.update(id, values, options);
  }

  async #checkSource(before: PoolRow, { provider = before.provider, vmType = before.vmType }: Values<PoolRow>) {
    const stranded = strandedBy(before, { provider, vmType });
    if (!stranded) return;
    const machines = await liveMachines(this.change.db, before.id).select('providerId').orderBy('id').execute();
    const left = machines.map(({ providerId }) => providerId).filter((one) => !stranded.left?.has(one));
    if (left.length > 0) throw new Strands(before.name, left, stranded.how);
  }
}
