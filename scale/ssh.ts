import type { ProviderSpec } from '../model/pool/provider.ts';
import type { Machine, Taker } from './provider.ts';

type SshSpec = Extract<ProviderSpec, { ssh: unknown }>['ssh'];

/** ms */
const POLL = 1000;
const WITHIN = 900_000;

/** A fixed list of machines that are up anyway. Nothing but Drover knows which are taken. */
export function ssh(spec: SshSpec): Promise<Taker> {
  const machines = spec.spares.map(({ name, address, ...ssh }): Machine => {
    return { id: name, status: 'spare', detail: 'spare', address, ssh };
  });
  return Promise.resolve({
    how: 'takes',
    isPassive: true,
    timing: { poll: POLL, within: spec.within ?? WITHIN, settle: 0 },
    listsGroup: true,
    acts: {},
    list: (_call, ids) => Promise.resolve(machines.filter(({ id }) => ids?.includes(id) ?? true)),
    take: () => Promise.resolve(),
    release: () => Promise.resolve(),
  });
}
