import { NoSuchReference } from '../../../store/catalogue/errors.ts';
import type { ServiceFilter, ServiceRow } from '../../../store/catalogue/types.ts';
import type { App } from '../../app.ts';
import type { Parts } from '../../parts.ts';
import { schemasOf } from '../../schemas/catalogue.ts';
import { services } from '../../views/catalogue.ts';
import { thingRoutes, type KindOfThing } from './kind.ts';

const SERVICE: KindOfThing<ServiceRow, ServiceFilter> = {
  kind: 'service',
  plural: 'services',
  reader: (reads) => reads.services,
  writer: (edit) => edit.services,
  schemas: schemasOf('service'),
  views: services,
  filter: async ({ clusters }, { cluster: name }) => {
    if (name === undefined) return {};
    const cluster = await clusters.named(name);
    if (!cluster) throw new NoSuchReference('cluster', 'cluster', name);
    return { clusterId: cluster.id };
  },
  isVersioned: true,
};

export function serviceRoutes(app: App, parts: Parts): void {
  thingRoutes(app, parts, SERVICE);
}
