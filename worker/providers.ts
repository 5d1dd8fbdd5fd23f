import type { Providers } from '../activities/dependencies.ts';
import type { Secrets } from '../activities/secrets.ts';
import { Limiters } from '../scale/limiters.ts';
import { openProvider } from '../scale/open.ts';
import { Refused } from '../scale/provider.ts';

/** Providers as pools describe them now; requests to one endpoint share a rate limit, whichever pool they are of. */
export function providersOf(secrets: Secrets): Providers {
  const limiters = new Limiters();
  return {
    async of({ name, provider, vmType, sdId }) {
      if (!provider) throw new Refused(`pool ${name} has no provider`);
      return await openProvider(provider, { secret: (one) => secrets.read(one), vmType, sdId, limiters });
    },
  };
}
