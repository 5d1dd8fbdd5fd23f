import { sql, type Kysely, type RawBuilder, type Selectable } from 'kysely';

import type { Node } from '../model/node.ts';
import type { NodeStatus } from '../model/status.ts';
import type { Schema } from './schema.ts';

export interface SliceNode {
  no: number;
  node: Node;
  status: NodeStatus;
  steps: StepRow[];
  jobs: JobRow[];
}

export type StepRow = Pick<
  Selectable<Schema['steps']>,
  'step' | 'status' | 'try' | 'firstTry' | 'batch' | 'exitCode' | 'reason' | 'startedAt' | 'finishedAt'
>;

/** `out` and `err`: how far its output is kept, in the command's own bytes. */
export type JobRow = Pick<Selectable<Schema['jobs']>, 'step' | 'try' | 'action' | 'token' | 'out' | 'err' | 'outcome'>;

/** Some nodes with all that is known of them, in the order of their numbers. */
export async function slice(db: Kysely<Schema>, taskId: string, nos: readonly number[]): Promise<SliceNode[]> {
  const [nodes, steps, jobs] = await rowsOf(db, sql<boolean>`task_id = ${taskId} and no = any(${nos}::int[])`);
  const found = new Map<number, SliceNode>(nodes.map((node) => [node.no, { ...node, steps: [], jobs: [] }]));
  for (const { no, ...step } of steps) found.get(no)?.steps.push(step);
  for (const { no, ...job } of jobs) found.get(no)?.jobs.push(job);
  return [...found.values()];
}

/** On one connection, so that the three are sent together. */
function rowsOf(db: Kysely<Schema>, ofSlice: RawBuilder<boolean>) {
  return db
    .connection()
    .execute((connection) =>
      Promise.all([
        connection.selectFrom('nodes').select(['no', 'node', 'status']).where(ofSlice).orderBy('no').execute(),
        connection
          .selectFrom('steps')
          .select(['no', 'step', 'status', 'try', 'firstTry', 'batch', 'exitCode', 'reason', 'startedAt', 'finishedAt'])
          .where(ofSlice)
          .orderBy('step')
          .execute(),
        connection
          .selectFrom('jobs')
          .select(['no', 'step', 'try', 'action', 'token', 'out', 'err', 'outcome'])
          .where(ofSlice)
          .orderBy('step')
          .orderBy('try')
          .orderBy('action')
          .execute(),
      ]),
    );
}
