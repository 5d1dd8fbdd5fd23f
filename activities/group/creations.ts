import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { GroupOptions } from '../../model/pool/group-actions.ts';
import { NotSent, Refused, Unclear, type Call, type Maker } from '../../scale/provider.ts';
import type { CreationRow, Machines } from '../../store/machines.ts';
import { repeated } from './work.ts';

/** For whom machines are made. */
export interface Wanted {
  poolId: number;
  taskId: string;
  count: number;
  options: GroupOptions;
  /** Time in ms until which the vendor is asked again when it cannot be reached. */
  until: number;
}

/**
 * Asks the vendor for machines, once, and writes down the ids. The request is durable before it goes out, so that its
 * machines are found again whatever breaks. Why there are none, or fewer; empty when all is well.
 */
export async function make(machines: Machines, provider: Maker, wanted: Wanted, call: Call): Promise<string> {
  const { poolId, taskId, count, options, until } = wanted;
  const known = provider.listsGroup ? (await provider.list(call)).map(({ id }) => id) : [];
  const creation = await machines.ask({ key: randomUUID(), poolId, taskId, count, known });
  try {
    const ids = await untilSent(call, until, () => provider.create({ count, key: creation.key, options }, call));
    call.say(`made ${ids.join(', ')}`);
    await machines.answered(creation, ids);
    return ids.length < count ? `the vendor made ${ids.length} of ${count} machines` : '';
  } catch (error) {
    if (error instanceof Refused || error instanceof NotSent) {
      await machines.unmade(creation, 'nothing');
      return error.message;
    }
    if (!(error instanceof Unclear)) throw error;
    call.say(`${error.message}; looking for its machines`);
    return await found(machines, provider, creation, { options, until }, call, error.message);
  }
}

/** Only what did not reach the vendor is sent again. */
async function untilSent<Result>(call: Call, until: number, send: () => Promise<Result>): Promise<Result> {
  const sent = await repeated(call, until, () =>
    send().then(
      (result) => ({ result }),
      (error: unknown) => {
        if (error instanceof Unclear) return { error };
        throw error;
      },
    ),
  );
  if ('error' in sent) throw sent.error;
  return sent.result;
}

/**
 * Finds out what became of requests that nobody has heard an answer of: of a worker that died, maybe. Of a task that has ended,
 * too: its machines must not be taken for others'. What has a key cannot be, and is not asked for once more for nobody.
 */
export async function findUnanswered(
  machines: Machines,
  provider: Maker,
  how: Pick<Wanted, 'poolId' | 'taskId' | 'options' | 'until'>,
  call: Call,
): Promise<void> {
  const unanswered = await machines.unanswered(how.poolId);
  for (const creation of unanswered.filter(({ taskId }) => taskId === how.taskId || !provider.isKeyed)) {
    call.say(`looking for the machines of an earlier request for ${creation.count}`);
    await found(machines, provider, creation, how, call, 'the worker was lost');
  }
}

/**
 * The machines of a request whose reply was lost: by its key when the vendor knows keys, else by what is new in its list. Why
 * there are none; empty when they are found.
 */
async function found(
  machines: Machines,
  provider: Maker,
  creation: CreationRow,
  { options, until }: Pick<Wanted, 'options' | 'until'>,
  call: Call,
  why: string,
): Promise<string> {
  if (provider.isKeyed) {
    const { count, key } = creation;
    const ids = await repeated(call, until, () => provider.create({ count, key, options }, call));
    call.say(`asked again by the same key: ${ids.join(', ')}`);
    await machines.answered(creation, ids);
    return '';
  }
  if (!provider.listsGroup) {
    await machines.unmade(creation, 'lost');
    return `${why}; the vendor has no list to find its machines in: look there for what was made since ${creation.at.toISOString()}`;
  }
  const { settle, poll } = provider.timing;
  const deadline = Math.max(creation.at.getTime() + settle, Date.now() + Math.min(settle, LATEST));
  for (;;) {
    const fresh = (await freshIds(machines, provider, creation, call)) ?? [];
    if (fresh.length >= creation.count || (fresh.length > 0 && Date.now() >= deadline))
      return await adopt(machines, creation, fresh, call);
    if (Date.now() >= deadline) break;
    await delay(Math.min(poll, settle / 4), undefined, { signal: call.signal });
  }
  await machines.unmade(creation, 'lost');
  return `${why}; no machine of it was found within ${settle / 1000} s`;
}

/** ms for which machines are looked for at least when a reply was long in not coming. */
const LATEST = 15_000;

/**
 * What the vendor lists now, did not list before the request, and nobody has. Undefined while another task's request may be
 * under way: they may be its.
 */
export async function freshIds(
  machines: Machines,
  provider: Maker,
  creation: CreationRow,
  call: Call,
): Promise<string[] | undefined> {
  const { poolId } = creation;
  const before = new Set(creation.known);
  const listed = (await provider.list(call)).filter(({ status, id }) => status !== 'gone' && !before.has(id));
  // In this order: a request that is answered in between has its machines written down then.
  const others = await machines.unansweredBeside(poolId);
  const owned = await machines.owned(
    poolId,
    listed.map(({ id }) => id),
  );
  if (others.some((other) => mayHaveMade(other, creation, provider))) return undefined;
  return listed.map(({ id }) => id).filter((id) => !owned.has(id));
}

/** Of two that nobody will ever answer, the younger one goes first. */
function mayHaveMade(other: CreationRow, { taskId, at }: CreationRow, { timing }: Maker): boolean {
  return other.taskId !== taskId && (other.at > at || Date.now() < other.at.getTime() + patienceOf(timing));
}

/** ms after which no machines of a request are looked for any more: it may have been under way when its task ended. */
export function patienceOf({ settle }: Maker['timing']): number {
  return Math.max(settle, 120_000);
}

/** More than were asked for: some are somebody else's, and nobody can tell which. They are kept for a person to look at. */
export async function adopt(machines: Machines, creation: CreationRow, ids: string[], call: Call): Promise<string> {
  call.say(`found ${ids.join(', ')}`);
  if (ids.length <= creation.count) {
    await machines.answered(creation, ids);
    return ids.length < creation.count
      ? `the reply was lost; ${ids.length} of ${creation.count} machines were found`
      : '';
  }
  const reason = `the reply to a request for ${creation.count} was lost, and ${ids.length} machines are new: see which are yours`;
  await machines.note(
    creation.poolId,
    creation.taskId,
    ids.map((providerId) => ({ providerId, no: null, try: 0, state: 'kept' as const, reason })),
  );
  await machines.unmade(creation, 'nothing');
  return reason;
}
