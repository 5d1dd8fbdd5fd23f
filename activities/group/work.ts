import { setTimeout as delay } from 'node:timers/promises';
import type { Slice } from '../../model/activities.ts';
import type { Node } from '../../model/node.ts';
import type { GroupKind, GroupOptions } from '../../model/pool/group-actions.ts';
import type { PoolRow } from '../../store/catalogue/types.ts';
import type { TaskRow } from '../../store/tasks.ts';
import { NotSent, Unclear, type Call, type Provider } from '../../scale/provider.ts';
import type { Dependencies } from '../dependencies.ts';
import type { Ended } from '../perform.ts';

/** One try of a group action on some nodes of a batch. */
export interface GroupWork {
  with: Dependencies;
  task: TaskRow;
  pool: PoolRow;
  slice: Slice;
  kind: GroupKind;
  options: GroupOptions;
  nodes: readonly GroupNode[];
  call: Call;
}

export interface GroupNode {
  no: number;
  node: Node;
  try: number;
}

/** What became of each node, by its number. */
export type Outcomes = Map<number, Ended>;

export function ok(): Ended {
  return { status: 'ok', exitCode: null, reason: '' };
}

export function failed(reason: string, status: Ended['status'] = 'failed'): Ended {
  return { status, exitCode: null, reason };
}

export function providerOf({ with: { providers }, pool }: GroupWork): Promise<Provider> {
  return providers.of(pool);
}

/** ms: the step's own word, else the provider's. */
export function withinOf({ options }: Pick<GroupWork, 'options'>, { timing }: Pick<Provider, 'timing'>): number {
  return typeof options['within'] === 'number' ? options['within'] : timing.within;
}

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;

/** Makes a call that may be made again, until it is answered or `until` (a time in ms) is over. Throws what it came to last. */
export async function repeated<Result>(call: Call, until: number, ask: () => Promise<Result>): Promise<Result> {
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error) || Date.now() + pause > until) throw error;
      call.say(`${error.message}; asking again`);
      await delay(pause, undefined, { signal: call.signal });
    }
  }
}

/** What another try may get over. */
export function isPassing(error: unknown): error is Error {
  return error instanceof NotSent || error instanceof Unclear;
}
