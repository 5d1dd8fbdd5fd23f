import { randomUUID } from 'node:crypto';

import type { Actor } from '../../../model/actor.ts';
import type { Step, TemplateSpec, UseStep } from '../../../model/template.ts';
import type { ClusterRow, PoolRow, ServiceRow } from '../../../store/catalogue/types.ts';
import type { Store } from '../../../store/store.ts';

export const ANN: Actor = { name: 'ann', role: 'operator', via: 'token', from: '192.0.2.7' };

/** One that nothing else has, whatever else is in the store. */
export function fresh(word: string): string {
  return `${word}-${randomUUID().slice(0, 8)}`;
}

function shellStep(name: string, run = 'true'): Step {
  return { name, actions: [{ shell: { run } }], timeout: 1000, retry: { times: 0, delay: 0 }, onError: 'fail' };
}

export function useStep(use: string): UseStep {
  return { name: use, use, timeout: 1000, retry: { times: 2, delay: 5000 }, onError: 'ignore' };
}

export function specOf(name: string, steps: TemplateSpec['steps'] = [shellStep('pull')]): TemplateSpec {
  return { name, params: { tag: { required: true } }, steps };
}

export interface Site {
  cluster: ClusterRow;
  service: ServiceRow;
  pool: PoolRow;
}

/** A pool of a service of a cluster. */
export function newSite(store: Store): Promise<Site> {
  return store.catalogue.change(ANN, async (edit) => {
    const cluster = await edit.clusters.create({ name: fresh('cluster') });
    const service = await edit.services.create({ name: fresh('service'), clusterId: cluster.id });
    const pool = await edit.pools.create({ name: fresh('pool'), serviceId: service.id });
    return { cluster, service, pool };
  });
}

export function newTemplate(store: Store, spec: TemplateSpec) {
  return store.catalogue.change(ANN, (edit) => edit.templates.create({ name: spec.name, spec }));
}
