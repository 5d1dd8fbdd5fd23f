import type { Json } from '../json.ts';
import type { Node } from '../node.ts';
import type { AutoscaleSpec, Dependency, Limits, OnFailure, PoolAction } from '../pool/pool.ts';
import type { ProviderSpec } from '../pool/provider.ts';
import type { RolloutSpec } from '../rollout.ts';
import type { ActionKeys, ParamSpec, TemplateSpec } from '../template.ts';

/** The kinds of the catalogue, each after those it refers to: the order in which they are made, and the reverse of removal. */
export const KINDS = ['cluster', 'service', 'action', 'step', 'template', 'pool', 'schedule'] as const;
export type Kind = (typeof KINDS)[number];

/** One thing of the catalogue as a YAML document has it; references are names. What is empty is left out. */
export type Document =
  | ClusterDocument
  | ServiceDocument
  | ActionDocument
  | StepDocument
  | TemplateDocument
  | PoolDocument
  | ScheduleDocument;

export interface ClusterDocument {
  kind: 'cluster';
  name: string;
  desc?: string;
  biz?: string;
}

export interface ServiceDocument {
  kind: 'service';
  name: string;
  desc?: string;
  cluster: string;
  type?: string;
  image?: string;
}

/** A command by name. Without a body it has no implementation yet. */
export interface ActionDocument extends ActionKeys {
  kind: 'action';
  name: string;
  desc?: string;
  params?: Record<string, ParamSpec>;
  /** In place of a body: one in OpenDCP's form that has no counterpart here, kept as it is. */
  implementation?: Json;
}

/** A step by name, for `use: NAME` in templates. */
export interface StepDocument {
  kind: 'step';
  name: string;
  desc?: string;
  actions: string[];
}

export type TemplateDocument = { kind: 'template' } & TemplateSpec;

export interface PoolDocument {
  kind: 'pool';
  name: string;
  desc?: string;
  service: string;
  /** Names of templates. */
  templates?: Record<string, string>;
  /** How its nodes are reached, where they do not say otherwise. */
  ssh?: PoolSsh;
  /** Left out: whatever nodes the pool has stay. */
  nodes?: Node[];
  /** Where its machines come from. */
  provider?: ProviderSpec;
  limits?: Limits;
  /** Default `release`. */
  onFailure?: OnFailure;
  dependsOn?: Dependency[];
  autoscale?: AutoscaleSpec;
  /** What only OpenDCP's clients ask for. */
  opendcp?: { vmType?: number; sdId?: number; tasks?: Record<string, Json> };
}

export interface ScheduleDocument {
  kind: 'schedule';
  name: string;
  desc?: string;
  pool: string;
  /** A line as crontab has it: five fields, or `@daily` and the like; or `@every 30s`. */
  cron: string;
  /** Of the IANA database. */
  timezone?: string;
  do: ScheduledAction;
  params?: Record<string, string>;
  rollout?: RolloutSpec;
  /** When the time has come and what the schedule started before has not ended. */
  overlap?: Overlap;
  /** ms: times that were missed for not longer than this are made up for. */
  catchUp?: number;
}

/** What is not said of a schedule. `catchUp` in ms. */
export const SCHEDULE = { timezone: 'UTC', overlap: 'skip', catchUp: 60_000 } as const;

export type ScheduledAction = Exclude<PoolAction, { release: unknown }>;

/** `skip`: left out. `queue`: started when the one before has ended. `allow`: started, to wait for its turn in the pool. */
export const OVERLAPS = ['skip', 'queue', 'allow'] as const;
export type Overlap = (typeof OVERLAPS)[number];

export type PoolSsh = Pick<Node, 'user' | 'port' | 'identityFile' | 'knownHosts' | 'via' | 'hostKeys'>;

/** What applying documents does, or would do, to one thing. */
export interface Change {
  kind: Kind;
  name: string;
  change: 'create' | 'update' | 'delete';
  /** Of an update: what differs, by path as `steps[1].params.tag`. A side that is not there is undefined. */
  fields: FieldChange[];
}

export interface FieldChange {
  path: string;
  before?: unknown;
  after?: unknown;
}
