import type { ClusterRow } from '../../../store/catalogue/types.ts';
import type { App } from '../../app.ts';
import type { Parts } from '../../parts.ts';
import { schemasOf } from '../../schemas/catalogue.ts';
import { clusters } from '../../views/catalogue.ts';
import { thingRoutes, type KindOfThing } from './kind.ts';

const CLUSTER: KindOfThing<ClusterRow, object> = {
  kind: 'cluster',
  plural: 'clusters',
  reader: (reads) => reads.clusters,
  writer: (edit) => edit.clusters,
  schemas: schemasOf('cluster'),
  views: clusters,
  isVersioned: true,
};

export function clusterRoutes(app: App, parts: Parts): void {
  thingRoutes(app, parts, CLUSTER);
}
