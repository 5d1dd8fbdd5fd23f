import { Unclear, type Acted, type ActOutcome } from './provider.ts';
import type { Trouble } from './polling.ts';

export function ok({ id }: Pick<Acted, 'id'>): ActOutcome {
  return { id, status: 'ok', reason: '' };
}

export function failed({ id }: Pick<Acted, 'id'>, reason: string): ActOutcome {
  return { id, status: 'failed', reason };
}

export function timedOut({ id }: Pick<Acted, 'id'>, reason: string): ActOutcome {
  return { id, status: 'timed_out', reason };
}

export function unknown({ id }: Pick<Acted, 'id'>, reason: string): ActOutcome {
  return { id, status: 'unknown', reason };
}

/** Of a request that went wrong: nobody can tell whether an Unclear one was carried out. */
export function outcomeOf(machine: Pick<Acted, 'id'>, trouble: Trouble): ActOutcome {
  return trouble instanceof Unclear ? unknown(machine, trouble.message) : failed(machine, trouble.message);
}
