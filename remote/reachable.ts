import { setTimeout as delay } from 'node:timers/promises';
import { Unreachable } from './errors.ts';
import type { Fleet } from './fleet.ts';
import type { Target } from './target.ts';

const PAUSE = 1_000;

/** Waits until the node takes a login; rejects with the last refusal when `until` (a time in ms) is over, or when aborted. */
export async function untilReachable(fleet: Fleet, target: Target, until: number, signal: AbortSignal): Promise<void> {
  while (Date.now() < until) {
    try {
      await fleet.contact(target).connection();
      return;
    } catch (error) {
      if (!(error instanceof Unreachable) || Date.now() + PAUSE >= until) throw error;
      await delay(PAUSE, undefined, { signal });
    }
  }
}
