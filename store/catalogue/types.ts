import type { Actor } from '../../model/actor.ts';
import type { Overlap, PoolSsh, ScheduledAction } from '../../model/catalogue/document.ts';
import type { Json } from '../../model/json.ts';
import type { Node } from '../../model/node.ts';
import type { OpendcpStep } from '../../model/opendcp/steps.ts';
import type { AutoscaleSpec, Dependency, Limits, OnFailure } from '../../model/pool/pool.ts';
import type { ProviderSpec } from '../../model/pool/provider.ts';
import type { RolloutSpec } from '../../model/rollout.ts';
import type { TemplateSpec } from '../../model/template.ts';

/** What every thing of the catalogue has. Names are unique without regard to case; ids and versions count from 1. */
export interface Row {
  id: number;
  name: string;
  desc: string;
  /** Grows with every change; what `ETag` shows. */
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

export interface ClusterRow extends Row {
  biz: string;
}

export interface ServiceRow extends Row {
  serviceType: string;
  dockerImage: string;
  clusterId: number;
}

export interface PoolRow extends Row {
  serviceId: number;
  /** OpenDCP's ids of a machine type and a service discovery; 0 for none. */
  vmType: number;
  sdId: number;
  /** Templates by purpose as `{"expand": 4}`; values as they came, ids as numbers or text. */
  tasks: Record<string, Json> | null;
  ssh: PoolSsh | null;
  /** Where its machines come from. */
  provider: ProviderSpec | null;
  limits: Limits | null;
  /** Empty: as by default. */
  onFailure: OnFailure | '';
  /** Pools by name; see dependencies.ts. */
  dependsOn: Dependency[] | null;
  autoscale: AutoscaleSpec | null;
}

export interface ActionRow extends Row {
  /** As they came: ParamSpec by name, or OpenDCP's type names as `{"port": "integer"}`. */
  params: Record<string, Json> | null;
}

/** How an action is done. One of type `ansible` is what Drover runs. */
export interface ImplementationRow {
  id: number;
  actionId: number;
  type: string;
  /** OpenDCP's `{"action": {"module": …}}`, or an action as in a step: `{"shell": …}`. Read by actionOf (model/opendcp). */
  template: Record<string, Json> | null;
}

export interface StepRow extends Row {
  /** Names of actions, which need not be there yet. */
  actions: string[] | null;
}

export interface TemplateRow extends Row {
  spec: TemplateSpec;
  /** The steps as an OpenDCP client gave them, shown to such clients as they came; null when edited otherwise since. */
  opendcp: OpendcpStep[] | null;
}

/** A template as it was. */
export interface TemplateVersion {
  version: number;
  spec: TemplateSpec;
  opendcp: OpendcpStep[] | null;
  at: Date;
  /** The actor's name. */
  by: string;
}

export interface PoolNodeRow {
  id: number;
  poolId: number;
  /** Unique in its pool. */
  name: string;
  /** Of `node`, for searching. */
  address: string;
  node: Node;
  /** The vendor's id of the machine; empty for none. */
  vmId: string;
  /** OpenDCP's: 0 until a task over it ended, 2 ok, 3 failed. */
  status: number;
  /** OpenDCP's: `crontab`, `manual` or empty. */
  nodeType: string;
  joinedAt: Date;
  /** Empty while in rotation; a task's id, or who took it out. Written by Rotation. */
  drainedBy: string;
}

export interface ScheduleRow extends Row {
  poolId: number;
  cron: string;
  timezone: string;
  action: ScheduledAction;
  params: Record<string, string> | null;
  rollout: RolloutSpec | null;
  /** Empty: as by default. */
  overlap: Overlap | '';
  /** ms; null: as by default. */
  catchUp: number | null;
  /** The cron item that an OpenDCP client has saved it as; null when made or edited otherwise. */
  opendcp: { item: number } | null;
}

/** What an OpenDCP client has saved for a pool; its cron items are schedules, and its depend items are in the pool's dependsOn. */
export interface ExecTaskRow {
  id: number;
  poolId: number;
  /** `expand`, `deploy` or what else the client calls it; a pool has one of each. */
  type: string;
  /** `crontab`, `depend` or anything. */
  execType: string;
  cronItems: CronItem[];
  dependItems: DependItem[];
}

export interface CronItem {
  id: number;
  instanceNum: number;
  concurrRatio: number;
  concurrNum: number;
  /** 0 every day, 1 Sunday to 7 Saturday. */
  weekDay: number;
  /** `HH:MM:SS` */
  time: string;
  ignore: boolean;
}

export interface DependItem {
  id: number;
  poolId: number;
  ratio: number;
  elasticCount: number;
  stepName: string;
  ignore: boolean;
}

/** Items get their numbers when they are written. */
export interface ExecTaskValues {
  type: string;
  execType: string;
  cronItems: Omit<CronItem, 'id'>[];
  dependItems: Omit<DependItem, 'id'>[];
}

/** What a caller says of a new thing, or changes. */
export type Values<Of> = Partial<Omit<Of, 'id' | 'version' | 'createdAt' | 'updatedAt'>>;

export interface Reader<Of, Filter = object> {
  get(id: number): Promise<Of | undefined>;
  /** Without regard to case. */
  named(name: string): Promise<Of | undefined>;
  list(query: ListQuery<Filter>): Promise<{ items: Of[]; next?: string }>;
  /** A page by number, from 1, newest id first unless `order` says otherwise. */
  page(query: PageQuery<Filter>): Promise<{ items: Of[]; total: number }>;
  /** Oldest first. */
  all(filter?: Filter): Promise<Of[]>;
}

export interface ListQuery<Filter> {
  limit: number;
  /** In name or description, anywhere, without regard to case. */
  search?: string;
  /** Default: name, ascending. */
  sort?: { by: 'name' | 'id' | 'updatedAt'; descending: boolean };
  /** The `next` of an earlier list of the same sort. Another one: BadCursor. */
  cursor?: string;
  filter?: Filter;
}

export interface PageQuery<Filter> {
  page: number;
  pageSize: number;
  order?: 'newest' | 'oldest';
  /** Part of the name, without regard to case. */
  name?: string;
  filter?: Filter;
}

export interface Writer<Of, Filter = object> extends Reader<Of, Filter> {
  /** `id` keeps a number from elsewhere when it is free. Throws NameTaken, NoSuchReference. */
  create(values: Values<Of> & { name: string }, options?: { id?: number }): Promise<Of>;
  /**
   * Nothing changes, and the version stays, when the values are what is there. Throws NotFound, VersionConflict when `version`
   * is given and is not the present one, NameTaken, NoSuchReference.
   */
  update(id: number, values: Values<Of>, options?: { version?: number }): Promise<Of>;
  /** Throws NotFound, VersionConflict, InUse with what uses it. */
  remove(id: number, options?: { version?: number }): Promise<Of>;
}

export interface ServiceFilter {
  clusterId?: number;
}
export interface PoolFilter {
  serviceId?: number;
}
export interface ScheduleFilter {
  poolId?: number;
}
export interface TemplateFilter {
  /** Name of a step that it uses. */
  step?: string;
}

export interface Implementations {
  get(id: number): Promise<ImplementationRow | undefined>;
  /** The one of a type, default `ansible`, of an action. */
  of(actionId: number, type?: string): Promise<ImplementationRow | undefined>;
  /** Of these actions, type `ansible`. */
  ofAll(actionIds: readonly number[]): Promise<Map<number, ImplementationRow>>;
  page(query: { page: number; pageSize: number }): Promise<{ items: ImplementationRow[]; total: number }>;
}

/** Every write is a change of the action, too: its version grows, with no audit entry of its own. */
export interface ImplementationsWriter extends Implementations {
  /** Throws NoSuchReference, NameTaken (the action has one of this type). */
  create(values: Omit<ImplementationRow, 'id'>, options?: { id?: number }): Promise<ImplementationRow>;
  update(id: number, values: { type: string; template: ImplementationRow['template'] }): Promise<ImplementationRow>;
  /** Every one of an action. */
  removeOf(actionId: number): Promise<void>;
}

export interface PoolNodes {
  get(id: number): Promise<PoolNodeRow | undefined>;
  /** Oldest first. */
  page(query: {
    poolId: number;
    page: number;
    pageSize: number;
    name?: string;
  }): Promise<{ items: PoolNodeRow[]; total: number }>;
  all(poolId: number): Promise<PoolNodeRow[]>;
  /** Those that are no machines of the pool's provider: what a document says of its nodes. */
  added(poolId: number): Promise<PoolNodeRow[]>;
  /** Those of these addresses in any pool, oldest first. */
  at(addresses: readonly string[]): Promise<PoolNodeRow[]>;
  /** How many nodes each of the pools has; 0 for one without. */
  counts(poolIds: readonly number[]): Promise<Map<number, number>>;
}

/** Every write is a change of the pool, too: its version grows, with no audit entry of its own. */
export interface PoolNodesWriter extends PoolNodes {
  /** Throws NotFound (the pool), NameTaken (a name that the pool has already, or given twice). */
  add(
    poolId: number,
    nodes: readonly (Pick<PoolNodeRow, 'node'> & Partial<Pick<PoolNodeRow, 'vmId' | 'nodeType' | 'status'>>)[],
  ): Promise<PoolNodeRow[]>;
  /** Throws NotFound naming every id that is not there; then none is removed. */
  remove(ids: readonly number[]): Promise<void>;
  /** Replaces how a node is reached. Throws NotFound. */
  update(id: number, node: Node): Promise<void>;
}

export interface ExecTasks {
  get(id: number): Promise<ExecTaskRow | undefined>;
  /** Of these pools, oldest first. */
  of(poolIds: readonly number[]): Promise<ExecTaskRow[]>;
  /** Of these pools: whether anything is done with them by the clock, and whether another pool's growth makes them grow. */
  flags(poolIds: readonly number[]): Promise<Map<number, PoolFlags>>;
}

export interface PoolFlags {
  hasCron: boolean;
  isNeeded: boolean;
}

export interface ExecTasksWriter extends ExecTasks {
  /** Throws NotFound (the pool), NameTaken (the pool has one of this type). */
  create(values: ExecTaskValues & { poolId: number }): Promise<ExecTaskRow>;
  update(id: number, values: ExecTaskValues): Promise<ExecTaskRow>;
}

export interface CatalogueReads {
  clusters: Reader<ClusterRow>;
  services: Reader<ServiceRow, ServiceFilter>;
  pools: Reader<PoolRow, PoolFilter>;
  nodes: PoolNodes;
  actions: Reader<ActionRow>;
  implementations: Implementations;
  steps: Reader<StepRow>;
  templates: Reader<TemplateRow, TemplateFilter> & {
    versions(id: number): Promise<TemplateVersion[]>;
    version(id: number, version: number): Promise<TemplateVersion | undefined>;
  };
  schedules: Reader<ScheduleRow, ScheduleFilter>;
  execTasks: ExecTasks;
}

/** The same within a change; what it writes shows in its own reads. Every write leaves its audit entry. */
export interface Edit extends CatalogueReads {
  actor: Actor;
  clusters: Writer<ClusterRow>;
  services: Writer<ServiceRow, ServiceFilter>;
  pools: Writer<PoolRow, PoolFilter>;
  nodes: PoolNodesWriter;
  actions: Writer<ActionRow>;
  implementations: ImplementationsWriter;
  steps: Writer<StepRow>;
  templates: Writer<TemplateRow, TemplateFilter> & CatalogueReads['templates'];
  schedules: Writer<ScheduleRow, ScheduleFilter>;
  execTasks: ExecTasksWriter;
}

export interface Catalogue extends CatalogueReads {
  /**
   * One transaction: all of it or, when `work` throws, nothing. Changes come one after another, so that what was checked holds.
   * `work` reads and writes by its `edit` alone: the embedded database has one connection, which is the transaction's, and
   * whatever else `work` asked of the store would wait for it for ever.
   */
  change<Result>(actor: Actor, work: (edit: Edit) => Promise<Result>): Promise<Result>;
  /** Nodes of the pool that a task ran over take its result: 2 for ok, 3 for failed. */
  settle(taskId: string): Promise<void>;
}
