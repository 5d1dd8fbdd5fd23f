import type { ColumnType, Generated, GeneratedAlways } from 'kysely';

import type { Actor, Role } from '../model/actor.ts';
import type { TaskOrigin } from '../model/activities.ts';
import type { Overlap, PoolSsh, ScheduledAction } from '../model/catalogue/document.ts';
import type * as json from '../model/json.ts';
import type { Node } from '../model/node.ts';
import type { AutoscaleSpec, Dependency, Limits, OnFailure, TaskAction } from '../model/pool/pool.ts';
import type { ProviderSpec } from '../model/pool/provider.ts';
import type { Rollout, RolloutSpec } from '../model/rollout.ts';
import type { OpendcpStep } from '../model/opendcp/steps.ts';
import type { NodeStatus, TaskStatus } from '../model/status.ts';
import type { Hold, TaskKind } from '../model/task.ts';
import type { Template, TemplateSpec } from '../model/template.ts';
import type { Answered } from './access.ts';
import type { CronItem, DependItem } from './catalogue/types.ts';

/** The tables as code sees them; in SQL the same names are in snake_case. Made by the migrations. */
export interface Schema {
  tasks: TasksTable;
  nodes: NodesTable;
  steps: StepsTable;
  jobs: JobsTable;
  logChunks: LogChunksTable;
  events: EventsTable;
  files: FilesTable;
  leases: LeasesTable;
  clusters: ClustersTable;
  services: ServicesTable;
  actions: ActionsTable;
  implementations: ImplementationsTable;
  remoteSteps: RemoteStepsTable;
  templates: TemplatesTable;
  templateVersions: TemplateVersionsTable;
  pools: PoolsTable;
  poolNodes: PoolNodesTable;
  schedules: SchedulesTable;
  execTasks: ExecTasksTable;
  rowCounts: RowCountsTable;
  tokens: TokensTable;
  auditEntries: AuditEntriesTable;
  idempotencyKeys: IdempotencyKeysTable;
  creations: CreationsTable;
  machines: MachinesTable;
  groupTries: GroupTriesTable;
}

/** Written as JSON text, read parsed. */
type Json<Value> = ColumnType<Value, string, string>;
type JsonOrNull<Value> = ColumnType<Value | null, string | null | undefined, string | null>;

/** Rows that followers read in the order of (xid, seq); see following.ts. */
interface Followed {
  seq: GeneratedAlways<number>;
  xid: GeneratedAlways<string>;
  at: Generated<Date>;
}

interface TasksTable {
  id: Generated<string>;
  /** Ascends with creation, or with being reserved; OpenDCP's id of the task. */
  seq: Generated<number>;
  name: string;
  title: string | null;
  kind: TaskKind;
  pool: string | null;
  poolId: number | null;
  /** What was asked for of the pool. */
  action: JsonOrNull<TaskAction>;
  /** The schedule that started it. */
  schedule: string | null;
  template: Json<Template>;
  params: Json<Record<string, string>>;
  rollout: Json<Rollout>;
  digest: string;
  startedBy: string;
  nodesTotal: number;
  workflowId: string;
  runId: string | null;
  status: Generated<TaskStatus>;
  reason: Generated<string>;
  hold: Generated<Hold>;
  createdAt: Generated<Date>;
  startedAt: Date | null;
  finishedAt: Date | null;
  batchesTotal: Generated<number>;
  batchesDone: Generated<number>;
  templateId: number | null;
  templateVersion: number | null;
  opendcp: JsonOrNull<NonNullable<TaskOrigin['opendcp']>>;
  templateName: GeneratedAlways<string>;
}

interface NodesTable {
  /** OpenDCP's id of the node's state in the task. */
  id: GeneratedAlways<number>;
  taskId: string;
  no: number;
  name: string;
  node: Json<Node>;
  status: Generated<NodeStatus>;
  reason: Generated<string>;
  batch: number | null;
}

interface StepsTable {
  taskId: string;
  no: number;
  step: number;
  status: NodeStatus;
  try: number;
  /** The first try under this batch. */
  firstTry: number;
  batch: number;
  exitCode: number | null;
  reason: string;
  startedAt: Date | null;
  finishedAt: Date | null;
}

interface JobsTable {
  taskId: string;
  no: number;
  step: number;
  try: number;
  action: number;
  token: string | null;
  out: Generated<number>;
  err: Generated<number>;
  outcome: Json<unknown>;
}

interface LogChunksTable extends Followed {
  taskId: string;
  no: number;
  step: number;
  try: number;
  action: number;
  stream: 'out' | 'err' | 'note';
  /** Where the chunk begins in the command's own output, and where the next one does. */
  offset: number;
  next: number;
  bytes: Buffer;
  /** Not null: what the command put out between this raw offset and the chunk was left out. */
  cutFrom: number | null;
}

interface EventsTable extends Followed {
  taskId: string;
  kind: 'task' | 'batch' | 'step' | 'node';
  no: number | null;
  step: number | null;
  try: number | null;
  batch: number | null;
  nodes: number | null;
  state: 'started' | 'finished' | null;
  status: string | null;
  reason: string | null;
}

interface FilesTable {
  sha256: string;
  size: number;
  bytes: Buffer;
}

interface LeasesTable {
  name: string;
  holder: string;
  until: Date;
}

interface ThingTable {
  id: Generated<number>;
  name: string;
  desc: Generated<string>;
  version: Generated<number>;
  createdAt: Generated<Date>;
  updatedAt: Generated<Date>;
}

interface ClustersTable extends ThingTable {
  biz: string;
}

interface ServicesTable extends ThingTable {
  serviceType: string;
  dockerImage: string;
  clusterId: number;
}

interface ActionsTable extends ThingTable {
  params: JsonOrNull<Record<string, json.Json>>;
}

interface ImplementationsTable {
  id: Generated<number>;
  actionId: number;
  type: string;
  template: JsonOrNull<Record<string, json.Json>>;
}

/** The catalogue's steps; `steps` are those of tasks. */
interface RemoteStepsTable extends ThingTable {
  actions: JsonOrNull<string[]>;
}

interface TemplatesTable extends ThingTable {
  spec: Json<TemplateSpec>;
  opendcp: JsonOrNull<OpendcpStep[]>;
  /** Names of the steps it uses, in lower case. */
  uses: GeneratedAlways<string[]>;
}

interface TemplateVersionsTable {
  templateId: number;
  version: number;
  spec: Json<TemplateSpec>;
  opendcp: JsonOrNull<OpendcpStep[]>;
  at: Generated<Date>;
  by: string;
}

interface PoolsTable extends ThingTable {
  serviceId: number;
  vmType: number;
  sdId: number;
  tasks: JsonOrNull<Record<string, json.Json>>;
  ssh: JsonOrNull<PoolSsh>;
  provider: JsonOrNull<ProviderSpec>;
  limits: JsonOrNull<Limits>;
  /** Empty: as by default. */
  onFailure: Generated<OnFailure | ''>;
  dependsOn: JsonOrNull<Dependency[]>;
  autoscale: JsonOrNull<AutoscaleSpec>;
  /** Nodes that were ever named by number. */
  nodesMade: Generated<number>;
}

interface PoolNodesTable {
  id: Generated<number>;
  poolId: number;
  name: string;
  address: string;
  node: Json<Node>;
  vmId: Generated<string>;
  status: Generated<number>;
  nodeType: Generated<string>;
  joinedAt: Generated<Date>;
  /** Empty while in rotation; a task's id, or who asked for it. */
  drainedBy: Generated<string>;
  /** Since when it is theirs. */
  drainedAt: Date | null;
  meta: JsonOrNull<json.Json>;
}

interface SchedulesTable extends ThingTable {
  poolId: number;
  cron: string;
  timezone: string;
  action: Json<ScheduledAction>;
  params: JsonOrNull<Record<string, string>>;
  rollout: JsonOrNull<RolloutSpec>;
  /** Empty: as by default. */
  overlap: Overlap | '';
  catchUp: number | null;
  opendcp: JsonOrNull<{ item: number }>;
}

/** What OpenDCP's clients have saved for pools. */
interface ExecTasksTable {
  id: Generated<number>;
  poolId: number;
  type: string;
  execType: string;
  cronItems: Json<CronItem[]>;
  dependItems: Json<DependItem[]>;
}

/** A request for machines. */
interface CreationsTable {
  /** What the vendor is told, too, to know a repeated request by. */
  key: string;
  poolId: number;
  taskId: string;
  count: number;
  /** Ids that the vendor listed before. */
  known: Json<string[]>;
  /**
   * `asked`: it may have gone out. `answered`: the machines are written. `lost`: no reply, and no machine of it was found so far.
   * `nothing`: there are none of it.
   */
  state: Generated<'asked' | 'answered' | 'lost' | 'nothing'>;
  at: Generated<Date>;
}

export type MachineState = 'made' | 'spoiled' | 'joined' | 'kept' | 'leaving' | 'returned';

/** A machine of a provider, from the moment its id is known until it is given back. */
interface MachinesTable {
  id: GeneratedAlways<number>;
  poolId: number;
  taskId: string | null;
  /** The node that it is, of the task. Null: of none. */
  no: number | null;
  /** Of create_vm, that it was made for. */
  try: Generated<number>;
  providerId: string;
  address: Generated<string>;
  /**
   * `made`: of a task that is not through with it. `spoiled`: that task has given it up. `joined`: a node of the pool. `kept`: of
   * nobody. `leaving`: being given back.
   */
  state: MachineState;
  reason: Generated<string>;
  madeAt: Generated<Date>;
  /** When it ran. */
  readyAt: Date | null;
  endedAt: Date | null;
}

interface GroupTriesTable {
  taskId: string;
  step: number;
  batch: number;
  try: number;
  kept: string;
}

/** Kept by triggers. */
interface RowCountsTable {
  ofTable: string;
  rows: number;
}

interface TokensTable {
  id: GeneratedAlways<number>;
  name: string;
  role: Role;
  /** Of the secret, in hexadecimal. */
  sha256: string;
  createdAt: Generated<Date>;
  createdBy: string;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

interface AuditEntriesTable {
  id: GeneratedAlways<number>;
  at: Generated<Date>;
  actor: string;
  role: Role;
  via: Actor['via'];
  fromAddress: string | null;
  action: string;
  kind: string;
  name: string;
  before: JsonOrNull<json.Json>;
  after: JsonOrNull<json.Json>;
  outcome: string;
}

interface IdempotencyKeysTable {
  actor: string;
  key: string;
  /** A hash of what was asked for. */
  request: string;
  plan: Json<json.Json>;
  answer: JsonOrNull<Answered>;
  begunAt: Generated<Date>;
}
