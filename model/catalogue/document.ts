import type { Json } from '../json.ts';
import type { Node } from '../node.ts';
import type { ActionKeys, ParamSpec, TemplateSpec } from '../template.ts';

/** The kinds of the catalogue, each after those it refers to: the order in which they are made, and the reverse of removal. */
export const KINDS = ['cluster', 'service', 'action', 'step', 'template', 'pool'] as const;
export type Kind = (typeof KINDS)[number];

/** One thing of the catalogue as a YAML document has it; references are names. What is empty is left out. */
export type Document =
  ClusterDocument | ServiceDocument | ActionDocument | StepDocument | TemplateDocument | PoolDocument;

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
  /** What only OpenDCP's clients ask for. */
  opendcp?: { vmType?: number; sdId?: number; tasks?: Record<string, Json> };
}

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
