import { setTimeout as delay } from 'node:timers/promises';
import { traitsOf } from '../../model/pool/provider.ts';
import type { Machine, Maker, Taker } from '../../scale/provider.ts';
import type { MachineRow } from '../../store/machines.ts';
import { failed, isPassing, ok, withinOf, type GroupWork, type Outcomes } from './work.ts';

/** Waits until the machines run and can be reached, or will not; one request a look, for all of them. */
export async function untilRunning(
  work: GroupWork,
  provider: Maker | Taker,
  machines: ReadonlyMap<number, MachineRow>,
): Promise<Outcomes> {
  const outcomes: Outcomes = new Map();
  const waiting = new Map(machines);
  const until = Date.now() + withinOf(work, provider);
  const told = new Map<string, string>();
  while (waiting.size > 0) {
    const listed = await look(work, provider, [...waiting.values()]);
    const ready: { row: MachineRow; machine: Machine }[] = [];
    for (const [no, row] of waiting) {
      const machine = listed?.get(row.providerId);
      tell(work, told, row.providerId, machine);
      if (machine && isReady(work, provider, machine)) ready.push({ row, machine });
      else if (machine && isLost(provider, machine))
        outcomes.set(no, failed(`machine ${machine.id} is ${machine.detail}`));
      else if (Date.now() >= until) outcomes.set(no, tooLate(row, machine, withinOf(work, provider)));
    }
    await record(work, ready);
    for (const { row } of ready) outcomes.set(row.no ?? -1, ok());
    for (const no of outcomes.keys()) waiting.delete(no);
    if (waiting.size > 0) await delay(provider.timing.poll, undefined, { signal: work.call.signal });
  }
  return outcomes;
}

/** What the vendor says of them; nothing when it does not answer now. */
async function look(
  work: GroupWork,
  provider: Maker | Taker,
  rows: MachineRow[],
): Promise<Map<string, Machine> | undefined> {
  try {
    const listed = await provider.list(
      work.call,
      rows.map(({ providerId }) => providerId),
    );
    return new Map(listed.map((machine) => [machine.id, machine]));
  } catch (error) {
    if (!isPassing(error)) throw error;
    work.call.say(error.message);
    return undefined;
  }
}

function isReady({ pool }: GroupWork, provider: Maker | Taker, { status, address }: Machine): boolean {
  const isUp = status === 'running' || (provider.how === 'takes' && provider.isPassive === true);
  const needsAddress = pool.provider !== null && traitsOf(pool.provider).knows === 'machines';
  return isUp && (!needsAddress || Boolean(address));
}

function isLost(provider: Maker | Taker, { status }: Machine): boolean {
  return status === 'failed' || (provider.how === 'makes' && (status === 'leaving' || status === 'gone'));
}

function tooLate(row: MachineRow, machine: Machine | undefined, within: number) {
  const said = machine
    ? `is ${machine.detail}${machine.status === 'running' ? ' without an address' : ''}`
    : 'is not listed';
  return failed(`machine ${row.providerId} ${said} after ${within / 1000} s`, 'timed_out');
}

function tell({ call }: GroupWork, told: Map<string, string>, id: string, machine: Machine | undefined): void {
  const line = machine
    ? `${id}: ${machine.detail}${machine.address ? ` at ${machine.address}` : ''}`
    : `${id}: not listed`;
  if (told.get(id) !== line) call.say(line);
  told.set(id, line);
}

/** The nodes that their steps will be run on. */
async function record(work: GroupWork, ready: { row: MachineRow; machine: Machine }[]): Promise<void> {
  const { store } = work.with;
  await store.machines.ready(ready.map(({ row: { id }, machine }) => ({ id, address: machine.address ?? '' })));
  await Promise.all(
    ready.map(async ({ row, machine }) => {
      const node = work.nodes.find(({ no }) => no === row.no)?.node;
      if (!node || !machine.address) return;
      await store.ledger.place(work.task.id, row.no ?? -1, { ...node, ...machine.ssh, address: machine.address });
    }),
  );
}
