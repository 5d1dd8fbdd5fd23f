import { setTimeout as delay } from 'node:timers/promises';

/** The rate limits of a worker: one for each vendor's endpoint, whatever pools are there. */
export class Limiters {
  readonly #limiters = new Map<string, Limiter>();

  /** The endpoint's; paths of one host share it. */
  of(endpoint: string): Limiter {
    const { origin } = new URL(endpoint);
    const limiter = this.#limiters.get(origin) ?? new Limiter();
    this.#limiters.set(origin, limiter);
    return limiter;
  }
}

/** Hands out turns, evenly spaced, first come first served. Who waits costs one timer. */
export class Limiter {
  /** performance.now() of the earliest next turn. */
  #next = 0;

  /** Resolves when it is one's turn, at most `perSecond` in a second. Throws the signal's reason when that aborts. */
  async turn(perSecond: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const now = performance.now();
    const at = Math.max(now, this.#next);
    this.#next = at + 1000 / perSecond;
    if (at > now) await wait(at - now, signal);
  }

  /** Nobody's turn for so many ms from now, of those that ask from now on. */
  holdOff(ms: number): void {
    this.#next = Math.max(this.#next, performance.now() + ms);
  }
}

/** Throws the signal's reason when it aborts. */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
