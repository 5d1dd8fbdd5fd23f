import type { Node } from './node.ts';
import type { PoolAction } from './pool/pool.ts';
import type { OpendcpStep } from './opendcp/steps.ts';
import type { Rollout, RolloutSpec } from './rollout.ts';
import type { Span } from './spans.ts';
import type { FailureStatus, NodeCounts, TaskStatus } from './status.ts';
import type { Hold, TaskKind } from './task.ts';

/**
 * The input of workflow `task`, whose id is the task's name. Written for people too: Temporal's UI starts a task from this
 * JSON, with a template and nodes as a YAML file would have them. Lists too long for one message follow as signals.
 */
export interface NewTaskInput {
  /** A template, or in its place the name of one of the catalogue; `web@3` is its third version. */
  template?: unknown;
  templateName?: string;
  /** Nodes; with `pool`, names of its nodes, or all of them when not given. */
  nodes?: unknown;
  /** A pool of the catalogue. */
  pool?: string;
  /** What to do with the pool, in place of nodes; `template` or `templateName` in place of the pool's own. */
  do?: PoolAction;
  /** End at once, in place of waiting, when another task has the pool. */
  now?: boolean;
  origin?: TaskOrigin;
  params?: Record<string, string>;
  rollout?: unknown;
  startedBy?: string;
}

/** What the catalogue and OpenDCP's clients know a task by. */
export interface TaskOrigin {
  /** Reserved before the task was submitted (Tasks.reserveNumber). */
  number?: number;
  /** Not unique; in place of the name where OpenDCP's clients look. */
  title?: string;
  templateId?: number;
  templateVersion?: number;
  /** As OpenDCP's clients are shown it. */
  opendcp?: { options: OpendcpStep[]; stepLen: number };
  /** The schedule that started it. */
  schedule?: string;
}

/** Goes on with the task of this name after it ended: with all that is not ok, or with these failed nodes only. */
export interface ResumeTaskInput {
  resume: { nodes?: string[] };
}

export type TaskInput = NewTaskInput | ResumeTaskInput;

/** In place of `nodes`: `total` nodes follow in `parts` signals `addNodes`. */
export interface NodeParts {
  parts: number;
  total: number;
  /** ms in which all of them must come. */
  within?: number;
}

export interface NodePart {
  part: number;
  firstNo: number;
  nodes: Node[];
}

/** A task as its workflow needs it: no node, no command, only what steers. */
export interface OpenedTask {
  taskId: string;
  template: string;
  steps: StepPlan[];
  total: number;
  rollout: Rollout;
  /** What is still to do. */
  remaining: Span[];
  counts: NodeCounts;
  nextBatch: number;
  batchesDone: number;
  /** Failures an operator has accepted by asking for some nodes only. */
  accepted: number;
  /** Names by number, for labels in Temporal's UI; only for tasks of up to 500 nodes. */
  names?: string[];
  /** Where the task's HTTP API answers, for links in Temporal's UI. */
  link: string;
  /** Of a task over a pool. */
  pool?: { name: string; kind: TaskKind };
  /** It has no nodes yet: it draws them when the pool is its own. */
  turn?: { now: boolean };
  /** Nodes in flight at most, whatever the rollout says. */
  most?: number;
}

/** What a task tells the queue of its pool. */
export interface TurnRequest {
  task: string;
  /** The first run of the task's execution. */
  runId: string;
  /** When that was started, in ms. */
  since: number;
  /** No turn later than at once. */
  now: boolean;
}

/** What the queue of its pool tells a task. */
export interface Turn {
  /** The first run of the task's execution that it is for. */
  runId: string;
  /** Tasks that are before it; 0: it is its turn. */
  ahead: number;
  /** The task that has the pool now. */
  holder: string;
  /** The task wanted no turn later than at once. */
  refused?: true;
}

export interface StepPlan {
  name: string;
  /** One activity for the batch, in place of one for each slice. */
  group?: true;
  /** ms within which every try of the step on one node is over, whatever happens. */
  deadline: number;
}

/** Some nodes of a batch through the steps `firstStep` to `lastStep` (indices, inclusive). */
export interface Slice {
  taskId: string;
  batch: number;
  firstStep: number;
  lastStep: number;
  spans: Span[];
}

/** Where the nodes of a slice stand. Those in neither list have failed, been stopped, or are through. */
export interface SliceResult {
  /** Passed every step of the slice. */
  passed: Span[];
  /** Held by a pause or a stop before their step was over. */
  held: Span[];
}

export interface TaskRecord {
  taskId: string;
  status: TaskStatus;
  reason: string;
  hold: Hold;
  rollout: Rollout;
}

export interface BatchRecord {
  taskId: string;
  batch: number;
  nodes: number;
  state: 'started' | 'finished';
  batchesDone: number;
  batchesTotal: number;
}

export interface FailedNode {
  name: string;
  step: string;
  status: FailureStatus;
  reason: string;
}

/** How far a task has come. `failed` names the first few only. */
export interface Standing {
  counts: NodeCounts;
  failed: FailedNode[];
}

/** Nodes an operator named, or all that failed when there are no names; those in `busyBatches` are left alone. */
export interface Selection {
  taskId: string;
  nodes?: string[];
  busyBatches: number[];
}

export interface Selected {
  spans: Span[];
  /** Named, but in a batch that is running: to be asked for again when it is over. */
  busy: string[];
  standing: Standing;
}

/** What workflows ask of the world. */
export interface Activities {
  openTask(name: string, runId: string, input: TaskInput): Promise<OpenedTask>;
  addNodes(taskId: string, part: NodePart): Promise<void>;
  recordTask(record: TaskRecord): Promise<void>;
  recordBatch(record: BatchRecord): Promise<Standing>;
  runSlice(slice: Slice): Promise<SliceResult>;
  /** Failed nodes go back to pending. */
  requeue(selection: Selection): Promise<Selected>;
  /** Nodes that are not ok and not running count as dealt with. */
  skip(selection: Selection & { nodes: string[] }): Promise<Selected>;
  /** Asks the pool's queue for a turn; its answer is a signal. */
  requestTurn(pool: string, request: TurnRequest): Promise<void>;
  /** Of a task that has its turn: draws its nodes, or finds them again. */
  drawTask(taskId: string, runId: string, input: TaskInput): Promise<OpenedTask>;
  /** Why the task does not go on yet. */
  recordWaiting(taskId: string, reason: string): Promise<void>;
  /** A group action over the nodes of a slice. */
  runGroup(slice: Slice): Promise<SliceResult>;
  /** Nodes enter and leave the pool; what was made and is of no use is given back or kept, as the pool says. */
  settlePool(taskId: string): Promise<void>;
  /** The task goes on after that: nodes whose machines are gone begin anew. Where these nodes stand then. */
  reopenPool(taskId: string, nos: number[]): Promise<Span[]>;
  /** Resolves when that execution of the task has ended. */
  awaitEnd(task: string, runId: string): Promise<void>;
  hasEnded(task: string, runId: string): Promise<boolean>;
  /** Tasks that the ledger says have the pool. */
  holdersOf(pool: string): Promise<TurnRequest[]>;
  closeTask(taskId: string, end: { status: TaskStatus; reason: string }): Promise<Standing>;
}

/** What a task's `progress` query answers. */
export interface Progress {
  status: TaskStatus;
  reason: string;
  counts: NodeCounts;
  batches: { running: number[]; done: number; total: number };
  rollout: Rollout;
  failed: FailedNode[];
}

export interface TaskResult {
  counts: NodeCounts;
  batches: number;
}

export type RolloutEdit = RolloutSpec;
