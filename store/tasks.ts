import { sql, type Kysely, type SelectQueryBuilder } from 'kysely';

import type { TaskOrigin } from '../model/activities.ts';
import type { Node } from '../model/node.ts';
import type { Rollout } from '../model/rollout.ts';
import { ENDED, type NodeCounts, type TaskStatus } from '../model/status.ts';
import type { TaskAction } from '../model/pool/pool.ts';
import type { Hold, TaskKind } from '../model/task.ts';
import type { Template } from '../model/template.ts';
import { countNodes } from './counts.ts';
import { rowsOf } from './row-counts.ts';
import type { Schema } from './schema.ts';
import { anywhere, offsetOf, rows, storable, storableJson } from './sql.ts';
import { taskOrder, type TaskSort } from './task-order.ts';

export interface NewTask {
  name: string;
  kind: TaskKind;
  pool: string | null;
  poolId?: number | null;
  /** What was asked for of the pool. */
  action?: TaskAction | null;
  /** The schedule that started it. */
  schedule?: string | null;
  template: Template;
  params: Record<string, string>;
  rollout: Rollout;
  /** Of the submission: tells the same one made twice from another one of the same name. */
  digest: string;
  startedBy: string;
  nodesTotal: number;
  workflowId: string;
  runId: string | null;
  /** From reserveNumber; when not given the next one. */
  seq?: number;
  /** What it is called where names need not be unique. */
  title?: string | null;
  /** Of the catalogue, at the task's beginning. */
  templateId?: number | null;
  templateVersion?: number | null;
  opendcp?: TaskOrigin['opendcp'] | null;
}

export interface TaskRow extends Required<NewTask> {
  id: string;
  poolId: number | null;
  action: TaskAction | null;
  schedule: string | null;
  templateName: string;
  opendcp: NonNullable<TaskOrigin['opendcp']> | null;
  status: TaskStatus;
  reason: string;
  hold: Hold;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  batchesTotal: number;
  batchesDone: number;
}

/** What is known of a task of a pool only when it has its turn. */
export type DrawnTask = Pick<TaskRow, 'kind' | 'template' | 'templateId' | 'templateVersion' | 'rollout' | 'runId'> & {
  nodes: readonly Node[];
};

export type TaskPatch = Partial<
  Pick<
    TaskRow,
    'status' | 'reason' | 'hold' | 'rollout' | 'startedAt' | 'finishedAt' | 'runId' | 'batchesTotal' | 'batchesDone'
  >
>;

/** A task as lists have it: without what takes long to read. */
export type ListedTask = Omit<TaskRow, 'template' | 'params' | 'opendcp' | 'action'>;

export interface TaskFilter {
  status?: TaskStatus;
  pool?: string;
  /** A template's name. */
  template?: string;
  /** In name or title, anywhere, without regard to case. */
  search?: string;
}

export interface TaskQuery extends TaskFilter {
  /** Default: the newest first. */
  sort?: TaskSort;
  limit: number;
  /** The `next` of an earlier list of the same sort. */
  before?: string;
}

export interface TaskPage {
  /** From 1. */
  page: number;
  pageSize: number;
  /** Part of title or name, without regard to case. */
  name?: string;
  pool?: string;
  status?: TaskStatus;
}

const LISTED = [
  ...(['id', 'seq', 'name', 'title', 'kind', 'pool', 'poolId', 'schedule'] as const),
  ...(['templateName', 'templateId', 'templateVersion'] as const),
  ...(['rollout', 'digest', 'startedBy', 'nodesTotal', 'workflowId', 'runId', 'status', 'reason', 'hold'] as const),
  ...(['createdAt', 'startedAt', 'finishedAt', 'batchesTotal', 'batchesDone'] as const),
] as const satisfies readonly (keyof ListedTask)[];

const TASK = [...LISTED, 'template', 'params', 'opendcp', 'action'] as const satisfies readonly (keyof TaskRow)[];

const NODES_A_STATEMENT = 2000;

export class Tasks {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** The number of a task that is to come. */
  async reserveNumber(): Promise<number> {
    const { rows: reserved } = await sql<{ number: number }>`
      select nextval(pg_get_serial_sequence('tasks', 'seq')) as number`.execute(this.#db);
    return reserved[0]?.number ?? Promise.reject(new Error('the sequence of tasks gave no number'));
  }

  /**
   * Its nodes, when given, get the numbers from 0 on, with the task or not at all. `created` false: a task of this name is
   * there already, and is returned as it is, and so are its nodes.
   */
  async create({ nodes, ...task }: NewTask & { nodes?: readonly Node[] }): Promise<{
    task: TaskRow;
    created: boolean;
  }> {
    const created = await this.#db.transaction().execute(async (transaction) => {
      const row = await insertTask(transaction, task);
      if (row && nodes) await insertNodes(transaction, row.id, 0, nodes);
      return row;
    });
    if (created) return { task: created, created: true };
    const existing = await this.get(task.name);
    if (existing) return { task: existing, created: false };
    throw new Error(
      `Task ${task.name} was deleted while it was being created, or its number ${task.seq ?? ''} is another task's; create it again`,
    );
  }

  /**
   * The nodes that a task of a pool is over, once it has its turn, from number 0 on; with them it runs. False: it has them
   * already.
   */
  async draw(id: string, drawn: DrawnTask): Promise<boolean> {
    const { nodes, template, rollout, ...columns } = drawn;
    return await this.#db.transaction().execute(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('tasks')
        .set({
          ...columns,
          template: JSON.stringify(template),
          rollout: JSON.stringify(rollout),
          nodesTotal: nodes.length,
          status: 'running',
          reason: '',
          startedAt: new Date(),
        })
        .where('id', '=', id)
        .where('startedAt', 'is', null)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) return false;
      await insertNodes(transaction, id, 0, nodes);
      await transaction
        .insertInto('events')
        .values({ taskId: id, kind: 'task', status: 'running', reason: '' })
        .execute();
      return true;
    });
  }

  /** The nodes get the numbers from `firstNo` on. Nodes that are there already stay as they are. */
  addNodes(taskId: string, firstNo: number, nodes: readonly Node[]): Promise<void> {
    return insertNodes(this.#db, taskId, firstNo, nodes);
  }

  get(name: string): Promise<TaskRow | undefined> {
    return this.#db.selectFrom('tasks').select(TASK).where('name', '=', storable(name)).executeTakeFirst();
  }

  byId(id: string): Promise<TaskRow | undefined> {
    return this.#db.selectFrom('tasks').select(TASK).where('id', '=', id).executeTakeFirst();
  }

  /** By OpenDCP's id. */
  async bySeq(seq: number): Promise<TaskRow | undefined> {
    if (!Number.isSafeInteger(seq)) return undefined;
    return this.#db.selectFrom('tasks').select(TASK).where('seq', '=', seq).executeTakeFirst();
  }

  /** Throws BadCursor. */
  async list(query: TaskQuery): Promise<{ items: ListedTask[]; counts: Map<string, NodeCounts>; next?: string }> {
    const { sort, limit, before, ...filter } = query;
    const order = taskOrder<ListedTask>(sort);
    let tasks = this.#matching(filter)
      .select(LISTED)
      .orderBy(order.by)
      .limit(limit + 1);
    if (before !== undefined) tasks = tasks.where(order.after(before));
    const page = order.page(await tasks.execute(), limit);
    return { ...page, counts: await this.#countsOf(page.items) };
  }

  /** Newest first. */
  async page({
    page,
    pageSize,
    name,
    ...filter
  }: TaskPage): Promise<{ items: TaskRow[]; counts: Map<string, NodeCounts>; total: number }> {
    const matching = this.#matching({ ...filter, ...(name !== undefined && { search: name }) });
    // What comes before the page is passed over in an index; only the page's tasks are read.
    const chosen = matching.select('seq').orderBy('seq', 'desc').limit(pageSize).offset(offsetOf({ page, pageSize }));
    const tasks = this.#db.selectFrom('tasks').select(TASK).where('seq', 'in', chosen).orderBy('seq', 'desc');
    const isAll = name === undefined && Object.keys(filter).length === 0;
    const [items, total] = await Promise.all([
      tasks.execute(),
      isAll ? rowsOf(this.#db, 'tasks') : this.#count(matching),
    ]);
    return { items, counts: await this.#countsOf(items), total };
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

  #matching({ status, pool, template, search }: TaskFilter): SelectQueryBuilder<Schema, 'tasks', object> {
    let tasks: SelectQueryBuilder<Schema, 'tasks', object> = this.#db.selectFrom('tasks');
    if (status !== undefined) tasks = tasks.where('status', '=', status);
    if (pool !== undefined) tasks = tasks.where('pool', '=', storable(pool));
    if (template !== undefined) tasks = tasks.where('templateName', '=', storable(template));
    if (search === undefined) return tasks;
    const pattern = anywhere(search);
    return tasks.where((row) => row.or([row('name', 'ilike', pattern), row('title', 'ilike', pattern)]));
  }

  async #count(matching: SelectQueryBuilder<Schema, 'tasks', object>): Promise<number> {
    const { total } = await matching.select((row) => row.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
    return total;
  }

  #countsOf(tasks: readonly { id: string }[]): Promise<Map<string, NodeCounts>> {
    return countNodes(
      this.#db,
      tasks.map(({ id }) => id),
    );
  }
}

/** Undefined: its name, or its number, is another's. */
function insertTask(db: Kysely<Schema>, task: NewTask): Promise<TaskRow | undefined> {
  const { template, params, rollout, opendcp, title, action, ...columns } = task;
  return db
    .insertInto('tasks')
    .values({
      ...columns,
      title: title == null ? null : storable(title),
      template: JSON.stringify(template),
      params: JSON.stringify(params),
      rollout: JSON.stringify(rollout),
      opendcp: opendcp == null ? null : JSON.stringify(storableJson(opendcp)),
      action: action == null ? null : JSON.stringify(storableJson(action)),
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning(TASK)
    .executeTakeFirst();
}

async function insertNodes(db: Kysely<Schema>, taskId: string, firstNo: number, nodes: readonly Node[]): Promise<void> {
  for (let from = 0; from < nodes.length; from += NODES_A_STATEMENT) {
    const list = nodes
      .slice(from, from + NODES_A_STATEMENT)
      .map((node, index) => ({ no: firstNo + from + index, name: node.name, node }));
    await sql`
      insert into nodes (task_id, no, name, node)
      select ${taskId}::uuid, no, name, node from ${rows(list, 'no int, name text, node jsonb')}
      on conflict (task_id, no) do nothing`.execute(db);
  }
}
