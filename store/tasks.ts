import { sql, type Kysely } from 'kysely';

import type { Node } from '../model/node.ts';
import type { Rollout } from '../model/rollout.ts';
import { ENDED, type NodeCounts, type TaskStatus } from '../model/status.ts';
import type { Hold } from '../model/task.ts';
import type { Template } from '../model/template.ts';
import { countNodes } from './counts.ts';
import { BadCursor } from './following.ts';
import type { Schema } from './schema.ts';
import { rows, storable } from './sql.ts';

export interface NewTask {
  name: string;
  kind: 'run';
  pool: string | null;
  template: Template;
  params: Record<string, string>;
  rollout: Rollout;
  /** Of the submission: tells the same one made twice from another one of the same name. */
  digest: string;
  startedBy: string;
  nodesTotal: number;
  workflowId: string;
  runId: string | null;
}

export interface TaskRow extends NewTask {
  id: string;
  status: TaskStatus;
  reason: string;
  hold: Hold;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  batchesTotal: number;
  batchesDone: number;
}

export type TaskPatch = Partial<
  Pick<
    TaskRow,
    'status' | 'reason' | 'hold' | 'rollout' | 'startedAt' | 'finishedAt' | 'runId' | 'batchesTotal' | 'batchesDone'
  >
>;

export interface TaskQuery {
  status?: TaskStatus;
  pool?: string;
  /** A template's name. */
  template?: string;
  limit: number;
  /** The `next` of an earlier list. */
  before?: string;
}

const TASK = [
  ...(['id', 'name', 'kind', 'pool', 'template', 'params', 'rollout', 'digest', 'startedBy', 'nodesTotal'] as const),
  ...(['workflowId', 'runId', 'status', 'reason', 'hold', 'createdAt', 'startedAt', 'finishedAt'] as const),
  ...(['batchesTotal', 'batchesDone'] as const),
] as const satisfies readonly (keyof TaskRow)[];

const NODES_A_STATEMENT = 2000;

export class Tasks {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** `created` false: a task of this name is there already, and is returned as it is. */
  async create(task: NewTask): Promise<{ task: TaskRow; created: boolean }> {
    const { name, kind, pool, digest, startedBy, nodesTotal, workflowId, runId } = task;
    const created = await this.#db
      .insertInto('tasks')
      .values({
        ...{ name, kind, pool, digest, startedBy, nodesTotal, workflowId, runId },
        template: JSON.stringify(task.template),
        params: JSON.stringify(task.params),
        rollout: JSON.stringify(task.rollout),
      })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returning(TASK)
      .executeTakeFirst();
    if (created) return { task: created, created: true };
    const existing = await this.get(name);
    if (!existing) throw new Error(`Task ${name} was deleted while it was being created; create it again`);
    return { task: existing, created: false };
  }

  /** The nodes get the numbers from `firstNo` on. Nodes that are there already stay as they are. */
  async addNodes(taskId: string, firstNo: number, nodes: readonly Node[]): Promise<void> {
    for (let from = 0; from < nodes.length; from += NODES_A_STATEMENT) {
      const list = nodes
        .slice(from, from + NODES_A_STATEMENT)
        .map((node, index) => ({ no: firstNo + from + index, name: node.name, node }));
      await sql`
        insert into nodes (task_id, no, name, node)
        select ${taskId}::uuid, no, name, node from ${rows(list, 'no int, name text, node jsonb')}
        on conflict (task_id, no) do nothing`.execute(this.#db);
    }
  }

  get(name: string): Promise<TaskRow | undefined> {
    return this.#db.selectFrom('tasks').select(TASK).where('name', '=', name).executeTakeFirst();
  }

  byId(id: string): Promise<TaskRow | undefined> {
    return this.#db.selectFrom('tasks').select(TASK).where('id', '=', id).executeTakeFirst();
  }

  /** Newest first. */
  async list(query: TaskQuery): Promise<{ items: TaskRow[]; counts: Map<string, NodeCounts>; next?: string }> {
    const found = await this.#page(query);
    const tasks = found.slice(0, query.limit);
    const last = tasks.at(-1);
    const counts = await countNodes(
      this.#db,
      tasks.map(({ id }) => id),
    );
    return {
      items: tasks,
      counts,
      ...(last && found.length > tasks.length && { next: last.id }),
    };
  }

  /** A change of status or reason is told as an event, in the same transaction. */
  async update(id: string, patch: TaskPatch): Promise<void> {
    const { rollout, ...columns } = patch;
    const values = {
      ...columns,
      ...(columns.reason !== undefined && { reason: storable(columns.reason) }),
      ...(rollout && { rollout: JSON.stringify(rollout) }),
    };
    if (Object.keys(values).length === 0) return;
    await this.#db.transaction().execute(async (transaction) => {
      const task = transaction.selectFrom('tasks').select(['status', 'reason']).where('id', '=', id).forUpdate();
      const before = await task.executeTakeFirst();
      const after = await transaction
        .updateTable('tasks')
        .set(values)
        .where('id', '=', id)
        .returning(['status', 'reason'])
        .executeTakeFirst();
      if (!after || (before?.status === after.status && before.reason === after.reason)) return;
      await transaction
        .insertInto('events')
        .values({ taskId: id, kind: 'task', ...after })
        .execute();
    });
  }

  async holds(ids: readonly string[]): Promise<Map<string, Hold>> {
    if (ids.length === 0) return new Map();
    const tasks = await this.#db
      .selectFrom('tasks')
      .select(['id', 'hold'])
      .where(sql<boolean>`id = any(${ids}::uuid[])`)
      .execute();
    return new Map(tasks.map(({ id, hold }) => [id, hold]));
  }

  async counts(id: string): Promise<NodeCounts> {
    const counts = await countNodes(this.#db, [id]);
    return counts.get(id) ?? Promise.reject(new Error(`counts of ${id} are missing`));
  }

  /** Those that have not ended, oldest first. */
  open(): Promise<TaskRow[]> {
    return this.#db.selectFrom('tasks').select(TASK).where('status', 'not in', ENDED).orderBy('seq').execute();
  }

  async #page({ status, pool, template, limit, before }: TaskQuery) {
    let tasks = this.#db
      .selectFrom('tasks')
      .select(TASK)
      .orderBy('seq', 'desc')
      .limit(limit + 1);
    if (status !== undefined) tasks = tasks.where('status', '=', status);
    if (pool !== undefined) tasks = tasks.where('pool', '=', pool);
    if (template !== undefined) tasks = tasks.where(sql<string>`template->>'name'`, '=', template);
    if (before !== undefined) tasks = tasks.where('seq', '<', this.#seqOf(before));
    return tasks.execute();
  }

  /** The cursor is the last task's id. */
  #seqOf(cursor: string) {
    if (!/^[0-9a-f-]{36}$/.test(cursor)) throw new BadCursor(cursor);
    return this.#db.selectFrom('tasks').select('seq').where('id', '=', cursor);
  }
}
