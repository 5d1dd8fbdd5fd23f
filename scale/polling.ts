import { wait } from './limiters.ts';
import { type Call, NotSent, Refused, Unclear } from './provider.ts';

/** ms between two looks, and in all. */
export interface Patience {
  poll: number;
  within: number;
}

/**
 * Looks until there is something to see; undefined when the time is over. A look that fails is no end: it is said, once in a
 * row. Throws the signal's reason when that aborts.
 */
export async function polled<T>(
  look: () => Promise<T | undefined>,
  { poll, within }: Patience,
  call: Call,
): Promise<T | undefined> {
  const deadline = Date.now() + within;
  let said: string | undefined;
  for (;;) {
    const seen = await orTrouble(look);
    if (!isTrouble(seen)) {
      if (seen !== undefined) return seen;
      said = undefined;
    } else if (seen.message !== said) {
      said = seen.message;
      call.say(said);
    }
    const left = deadline - Date.now();
    if (left <= 0) return undefined;
    await wait(Math.min(poll, left), call.signal);
  }
}

/** How a vendor's call can go wrong. */
export type Trouble = Refused | NotSent | Unclear;

export function isTrouble(error: unknown): error is Trouble {
  return error instanceof Refused || error instanceof NotSent || error instanceof Unclear;
}

/** What comes of a call, or its trouble; anything else that goes wrong is thrown. */
export async function orTrouble<T>(attempt: () => Promise<T>): Promise<T | Trouble> {
  try {
    return await attempt();
  } catch (error) {
    if (isTrouble(error)) return error;
    throw error;
  }
}
