import type { ActCall, Call } from '../../scale/provider.ts';
import type { Given } from '../../scale/given.ts';
import { Limiters } from '../../scale/limiters.ts';

/** A call that keeps what is said. */
export function calling(signal: AbortSignal = new AbortController().signal): Call & { said: string[] } {
  const said: string[] = [];
  return { signal, say: (line) => said.push(line), said };
}

/** A call of an act, with what an earlier attempt kept. `keeps`: what is kept, one after another. */
export function acting(kept?: string): ActCall & { said: string[]; keeps: string[] } {
  const keeps: string[] = [];
  const keep = (text: string) => {
    keeps.push(text);
    return Promise.resolve();
  };
  return { ...calling(), kept, keep, keeps };
}

/** What providers are made with. A secret that is not there is an error. */
export function giving(secrets: Record<string, string> = {}, { vmType = 0, sdId = 0 } = {}): Given {
  return {
    secret: (name) => {
      const value = secrets[name];
      return value === undefined ? Promise.reject(new Error(`secret ${name} has no value`)) : Promise.resolve(value);
    },
    vmType,
    sdId,
    limiters: new Limiters(),
  };
}

/** What a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value: unknown) => {
      throw new Error(`was not rejected, but is ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
}
