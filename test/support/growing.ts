import { expect, inject } from 'vitest';
import type { PoolSsh } from '../../model/catalogue/document.ts';
import type { Place } from '../../demo/clouds/machines.ts';
import { newTaskName, type Engine } from './engine.ts';
import { applyAll, poolNamed, poolOf, templatesOf } from './pools.ts';
import type { Vendor } from './vendors.ts';

/** How the sshd nodes are logged in to; their addresses come from the vendor. */
function sshOfNodes(): PoolSsh {
  const { targets, identityFile, knownHosts } = inject('shared').sshd;
  const { port = 22, user = '' } = targets[0] ?? {};
  return { port, user, identityFile, knownHosts };
}

/** Where the sshd nodes are. */
export function places(count: number): Place[] {
  return inject('shared')
    .sshd.targets.slice(0, count)
    .map(({ address }) => ({ address }));
}

export interface Growing {
  /** Steps between create_vm and the end, and before return_vm. */
  then?: unknown[];
  before?: unknown[];
  /** Options of create_vm. */
  create?: object;
  /** Of the pool. */
  others?: object;
}

/** A pool of a name that no other test has, with nodes from the vendor; its name. */
export async function poolFrom(
  engine: Engine,
  { provider }: Pick<Vendor, 'provider'>,
  { then = [], before = [], create = {}, others = {} }: Growing = {},
): Promise<string> {
  const name = newTaskName('pool');
  const steps = {
    expand: [{ name: 'create', actions: [{ create_vm: create }] }, ...then],
    shrink: [...before, { use: 'return_vm' }],
    deploy: [{ name: 'nothing', actions: [{ wait: 0 }] }],
  };
  await applyAll(engine.store, [
    ...templatesOf(name, steps),
    poolNamed(name, { provider, ssh: sshOfNodes(), ...others }),
  ]);
  return name;
}

/**
 * The vendor's account is Drover's: what is at work there is what Drover has written down, and all of that is a node of the
 * pool or told to be none.
 */
export async function expectAgreement(engine: Engine, pool: string, vendor: Pick<Vendor, 'bill'>): Promise<void> {
  const { id, nodes } = await poolOf(engine.store, pool);
  const live = (await engine.store.machines.live(id)).map(({ providerId }) => providerId);
  const unreleased = (await engine.store.machines.unreleased(id)).map(({ providerId }) => providerId);
  expect(live.sort()).toEqual(vendor.bill().sort());
  expect([...nodes.map(({ vmId }) => vmId), ...unreleased].sort()).toEqual(live);
}
