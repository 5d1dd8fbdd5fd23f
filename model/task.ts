import type { Node } from './node.ts';
import type { Rollout, RolloutSpec } from './rollout.ts';
import type { NodeCounts, NodeStatus, TaskStatus } from './status.ts';
import type { Template } from './template.ts';

/** One run of a template over nodes, complete in itself: checked, with nothing left to look up. */
export interface TaskSpec {
  name: string;
  template: Template;
  nodes: Node[];
  /** Of the catalogue, that it is over: then nodes may be none, and steps may act on its machines. */
  pool?: string;
  params: Record<string, string>;
  /** Over the template's own, key by key. */
  rollout?: RolloutSpec;
  startedBy?: string;
}

/** `run`: a template over nodes. The others are of a pool and what they do with it. */
export const TASK_KINDS = ['run', 'expand', 'shrink', 'deploy', 'release'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/** What a running task is told to do between commands. `kill`: end what runs, too. */
export type Hold = 'none' | 'pause' | 'stop' | 'kill';

/** A task as `drover show --json` and `GET /api/v1/tasks/:name` give it. Times are ISO 8601 or null. */
export interface TaskView {
  id: string;
  /** Counted from 1, what OpenDCP's clients know it by. Null until a worker has taken the task up. */
  number: number | null;
  name: string;
  /** For people, not unique; the name when there is no other. */
  title: string;
  kind: TaskKind;
  pool: string | null;
  template: string;
  /** Of a template of the catalogue that was asked for by name; else null. */
  templateVersion: number | null;
  status: TaskStatus;
  /** One sentence for a person: why it is paused, what failed. Empty when there is nothing to say. */
  reason: string;
  startedBy: string;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  nodes: NodeCounts;
  batches: { total: number; done: number };
  rollout: Rollout;
  temporal: { workflowId: string; runId: string | null; url: string | null };
}

/** A node of a task, as `drover show --nodes --json` and `GET /api/v1/tasks/:name/nodes` give it. */
export interface NodeView {
  /** 0-based, in the order the nodes were given. */
  no: number;
  name: string;
  address: string;
  /** 1-based; null before the node's first batch. */
  batch: number | null;
  status: NodeStatus;
  reason: string;
  steps: StepView[];
}

export interface StepView {
  name: string;
  status: NodeStatus;
  tries: number;
  exitCode: number | null;
  startedAt: string | null;
  finishedAt: string | null;
  reason: string;
}

export interface Page<Item> {
  items: Item[];
  page: number;
  page_size: number;
  total: number;
}

/** What happened to a task, in order; `seq` is what `Last-Event-ID` takes. */
export interface TaskEvent {
  seq: string;
  at: string;
  event: TaskEventBody;
}

export type TaskEventBody =
  | { kind: 'task'; status: TaskStatus; reason: string }
  | { kind: 'batch'; batch: number; nodes: number; state: 'started' | 'finished' }
  | { kind: 'step'; no: number; node: string; step: string; try: number; status: NodeStatus; reason: string }
  | { kind: 'node'; no: number; node: string; status: NodeStatus; reason: string };
