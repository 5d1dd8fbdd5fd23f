import { setTimeout as sleep } from 'node:timers/promises';
import type { Busy } from '../../store/rotation.ts';
import type { Store } from '../../store/store.ts';
import { ApiError } from '../errors.ts';

/**
 * ms after the mark in which a node is not said to be free: a worker may have looked at the marks just before, and begins a
 * moment later.
 */
const BEGINNING = 200;
/** ms between two looks; a node is not free in a hurry. */
const LOOKS = { first: 50, longest: 1000 };

export interface Drain {
  /** Who asks for it. */
  by: string;
  /** ms for what runs on the node to end; 0: only a look. */
  timeout: number;
  /** Aborts when nobody waits any more. */
  signal: AbortSignal;
}

/**
 * Takes a node out of rotation and waits until no task has it. Throws ApiError 409 when that takes longer: then it stays out of
 * rotation all the same.
 */
export async function drain(
  { rotation }: Pick<Store, 'rotation'>,
  { id, name }: { id: number; name: string },
  { by, timeout, signal }: Drain,
): Promise<void> {
  await rotation.keepOut(id, by);
  const marked = Date.now();
  for (let pause = LOOKS.first; ; pause = Math.min(pause * 1.5, LOOKS.longest)) {
    const busy = await rotation.busy(id);
    const waited = Date.now() - marked;
    if (busy.length === 0 && waited >= Math.min(BEGINNING, timeout)) return;
    if (busy.length > 0 && waited >= timeout) throw stillBusy(name, timeout, busy);
    const left = busy.length === 0 ? BEGINNING - waited : timeout - waited;
    await sleep(Math.max(0, Math.min(pause, left)), undefined, { signal }).catch(() => {
      throw new ApiError(503, 'closing', `nobody waits for node ${name} any more; it stays out of rotation`);
    });
  }
}

function stillBusy(name: string, timeout: number, busy: readonly Busy[]): ApiError {
  const has = busy.map(({ task, step }) => `task ${task}${step === '' ? '' : ` (step ${step})`}`).join(', ');
  const message = `node ${name} is out of rotation and stays so, but after ${timeout / 1000} s it is still in a batch of ${has}; drain it again to go on waiting, or undrain it`;
  return new ApiError(409, 'busy', message);
}
