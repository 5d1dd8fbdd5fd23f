import type { ColumnType, Generated, GeneratedAlways } from 'kysely';

import type { Node } from '../model/node.ts';
import type { Rollout } from '../model/rollout.ts';
import type { NodeStatus, TaskStatus } from '../model/status.ts';
import type { Hold } from '../model/task.ts';
import type { Template } from '../model/template.ts';

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
}

/** Written as JSON text, read parsed. */
type Json<Value> = ColumnType<Value, string, string>;

/** Rows that followers read in the order of (xid, seq); see following.ts. */
interface Followed {
  seq: GeneratedAlways<number>;
  xid: GeneratedAlways<string>;
  at: Generated<Date>;
}

interface TasksTable {
  id: Generated<string>;
  /** Ascends with creation; the cursor of lists. */
  seq: GeneratedAlways<number>;
  name: string;
  kind: 'run';
  pool: string | null;
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
}

interface NodesTable {
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
