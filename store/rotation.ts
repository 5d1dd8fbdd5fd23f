import { sql, type Kysely, type RawBuilder } from 'kysely';

import { ENDED } from '../model/status.ts';
import type { Schema } from './schema.ts';
import { storable } from './sql.ts';

/** What has a node at the moment. */
export interface Busy {
  /** The task's name. */
  task: string;
  /** Empty between two steps of a batch. */
  step: string;
}

/**
 * Which nodes of pools are out of rotation, and by whom: a task (its id), or a person. A mark is no edit of the pool: its
 * version stays, and the audit is the caller's.
 */
export class Rotation {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Takes nodes out of rotation. One that is out already stays whose it is, unless that is a task that has ended. */
  async drain(poolId: number, names: readonly string[], by: string): Promise<void> {
    await sql`
      update pool_nodes p set drained_by = ${storable(by)}, drained_at = ${NOW}
      where p.pool_id = ${poolId} and p.name = any(${names.map(storable)}::text[])
        and (p.drained_by = '' or ${taskOf('status')} = any(${[...ENDED]}::text[]))`.execute(this.#db);
  }

  /** Takes nodes into rotation again. `by`: only those that it has taken out. */
  async undrain(poolId: number, names: readonly string[], by?: string): Promise<void> {
    const marked = this.#db.updateTable('poolNodes').set(IN).where('poolId', '=', poolId).where(isAmong(names));
    await (by === undefined ? marked : marked.where('drainedBy', '=', storable(by))).execute();
  }

  /** By name; who is in rotation is not in the map. */
  async drainedBy(poolId: number, names: readonly string[]): Promise<Map<string, string>> {
    const marks = await this.#db
      .selectFrom('poolNodes')
      .select(['name', 'drainedBy'])
      .where('poolId', '=', poolId)
      .where(isAmong(names))
      .where('drainedBy', '<>', '')
      .execute();
    return new Map(marks.map(({ name, drainedBy }) => [name, drainedBy]));
  }

  /**
   * Which of these nodes a task of their pool must not begin with, by name, and who has taken them out: a person, or a task's
   * name. It may have what it has taken out itself, what a task took out that has ended since, and what it was given by name
   * when it was out already.
   */
  async keptFrom(taskId: string, names: readonly string[]): Promise<Map<string, string>> {
    if (names.length === 0) return new Map();
    const { rows } = await sql<{ name: string; drainedBy: string }>`
      select p.name, coalesce(${taskOf('name')}, p.drained_by) as drained_by
      from tasks t join pool_nodes p on p.pool_id = t.pool_id
      where t.id = ${taskId} and p.name = any(${names.map(storable)}::text[]) and p.drained_by not in ('', ${taskId}::text)
        and coalesce(${taskOf('status')}, '') <> all(${[...ENDED]}::text[])
        and (p.drained_at >= t.created_at or t.action is null or not jsonb_path_exists(t.action,
          '$.*.nodes[*] ? (@ == $name)', jsonb_build_object('name', p.name)))`.execute(this.#db);
    return new Map(rows.map(({ name, drainedBy }) => [name, drainedBy]));
  }

  /**
   * Takes the node of this id out of rotation until a person takes it in again: a task's mark becomes theirs, so that the
   * task's own undrain leaves it. A person's mark stays whose it is.
   */
  async keepOut(id: number, by: string): Promise<void> {
    await sql`
      update pool_nodes p set drained_by = ${storable(by)}, drained_at = ${NOW}
      where p.id = ${id} and (p.drained_by = '' or ${taskOf('id')} is not null)`.execute(this.#db);
  }

  /** Takes the node of this id into rotation again, whoever took it out. */
  async letIn(id: number): Promise<void> {
    await this.#db.updateTable('poolNodes').set(IN).where('id', '=', id).execute();
  }

  /**
   * Tasks that have the node of this id in a batch: by its name in tasks of its pool, by its address in any task. In a pause it
   * stays in its batch.
   */
  async busy(id: number): Promise<Busy[]> {
    const { rows } = await sql<Busy>`
      select t.name as task, coalesce(t.template->'steps'->s.step->>'name', '') as step
      from pool_nodes p join pools on pools.id = p.pool_id, ${RUNNING}
      left join steps s on (s.task_id, s.no, s.status) = (n.task_id, n.no, 'running')
      where p.id = ${id} and ${IS_ON_NODE}
      order by t.seq, s.step`.execute(this.#db);
    return rows;
  }
}

/** The moment of the statement, not of its transaction. */
const NOW = sql<Date>`clock_timestamp()`;
const IN = { drainedBy: '', drainedAt: null };

function isAmong(names: readonly string[]) {
  return sql<boolean>`name = any(${names.map(storable)}::text[])`;
}

/** Of the task that has marked node `p`; null when it was a person. */
export function taskOf(column: 'id' | 'name' | 'status'): RawBuilder<unknown> {
  return sql`case when p.drained_by ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    then (select ${sql.ref(column)} from tasks where tasks.id = p.drained_by::uuid) end`;
}

/** Nodes `n` that tasks `t` have in a batch. */
export const RUNNING = sql`
  tasks t join nodes n on n.task_id = t.id and n.status = 'running' and t.status <> all(${[...ENDED]}::text[])`;

/** Whether node `n` of task `t` is node `p` of `pools`: the same name in the pool, or the same place. */
export const IS_ON_NODE = sql<boolean>`(
  n.name = p.name and (t.pool_id = pools.id or lower(t.pool) = lower(pools.name))
  or p.address <> '' and n.node->>'address' = p.address
    and coalesce(n.node->>'port', '22') = coalesce(p.node->>'port', pools.ssh->>'port', '22'))`;
