import { sql, type RawBuilder } from 'kysely';

import type {
  ActionRow,
  ClusterRow,
  PoolFilter,
  PoolRow,
  Row,
  ScheduleFilter,
  ScheduleRow,
  ServiceFilter,
  ServiceRow,
  StepRow,
  TemplateFilter,
  TemplateRow,
} from './types.ts';
import { storable } from '../sql.ts';

/** One kind of thing and the table it is in. */
export interface Table<Of extends Row, Filter = object> {
  kind: string;
  /** As SQL calls it. */
  name: string;
  /** Besides those that every thing has: what is there when nothing is given. */
  columns: { [Column in Exclude<keyof Of, keyof Row>]: Default<Of[Column]> };
  /** The thing that it belongs to, which must be there. */
  owner?: { column: Exclude<keyof Of & string, keyof Row>; kind: string; table: string };
  matching(filter: Filter): RawBuilder<boolean>[];
}

interface Default<Value> {
  empty: Value;
  /** Kept as JSON. */
  json?: true;
}

const TEXT = { empty: '' };
const NUMBER = { empty: 0 };
const JSON_OR_NULL = { empty: null, json: true } as const;

export const CLUSTERS: Table<ClusterRow> = {
  kind: 'cluster',
  name: 'clusters',
  columns: { biz: TEXT },
  matching: () => [],
};

export const SERVICES: Table<ServiceRow, ServiceFilter> = {
  kind: 'service',
  name: 'services',
  columns: { serviceType: TEXT, dockerImage: TEXT, clusterId: NUMBER },
  owner: { column: 'clusterId', kind: 'cluster', table: 'clusters' },
  matching: ({ clusterId }) => (clusterId === undefined ? [] : [belongsTo('clusterId', clusterId)]),
};

export const POOLS: Table<PoolRow, PoolFilter> = {
  kind: 'pool',
  name: 'pools',
  columns: {
    ...{ serviceId: NUMBER, vmType: NUMBER, sdId: NUMBER, tasks: JSON_OR_NULL, ssh: JSON_OR_NULL },
    ...{ provider: JSON_OR_NULL, limits: JSON_OR_NULL, onFailure: { empty: '' as const } },
    ...{ dependsOn: JSON_OR_NULL, autoscale: JSON_OR_NULL },
  },
  owner: { column: 'serviceId', kind: 'service', table: 'services' },
  matching: ({ serviceId }) => (serviceId === undefined ? [] : [belongsTo('serviceId', serviceId)]),
};

export const ACTIONS: Table<ActionRow> = {
  kind: 'action',
  name: 'actions',
  columns: { params: JSON_OR_NULL },
  matching: () => [],
};

export const STEPS: Table<StepRow> = {
  kind: 'step',
  name: 'remote_steps',
  columns: { actions: JSON_OR_NULL },
  matching: () => [],
};

export const TEMPLATES: Table<TemplateRow, TemplateFilter> = {
  kind: 'template',
  name: 'templates',
  columns: { spec: { empty: { name: '', params: {}, steps: [] }, json: true }, opendcp: JSON_OR_NULL },
  matching: ({ step }) => (step === undefined ? [] : [usesStep(step)]),
};

export const SCHEDULES: Table<ScheduleRow, ScheduleFilter> = {
  kind: 'schedule',
  name: 'schedules',
  columns: {
    ...{ poolId: NUMBER, cron: TEXT, timezone: TEXT, action: { empty: { deploy: {} }, json: true } },
    ...{ params: JSON_OR_NULL, rollout: JSON_OR_NULL, overlap: { empty: '' as const }, catchUp: { empty: null } },
    opendcp: JSON_OR_NULL,
  },
  owner: { column: 'poolId', kind: 'pool', table: 'pools' },
  matching: ({ poolId }) => (poolId === undefined ? [] : [belongsTo('poolId', poolId)]),
};

/** Of templates: whether a step of theirs is this one of the catalogue. */
export function usesStep(step: string): RawBuilder<boolean> {
  return sql<boolean>`uses @> jsonb_build_array(lower(${storable(step)}::text))`;
}

/** A number that SQL does not take is nobody's id. */
function belongsTo(column: string, id: number): RawBuilder<boolean> {
  return Number.isSafeInteger(id) ? sql<boolean>`${sql.ref(column)} = ${id}` : sql<boolean>`false`;
}
