import type { Kysely } from 'kysely';

import type { NodeStatus, TaskStatus } from '../model/status.ts';
import type { TaskEvent, TaskEventBody } from '../model/task.ts';
import { inOrder } from './following.ts';
import type { Schema } from './schema.ts';
import { stepNames } from './step-names.ts';

/** What happened to tasks. Written along with each change to what it tells of; read here. */
export class Events {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /**
   * The next events after the cursor (the `seq` of an event), as they are now; `following`: without those of a moment ago
   * before which others may come yet, so that who comes back with the last one misses nothing.
   */
  async read(
    taskId: string,
    { after, limit, following }: { after?: string; limit: number; following?: true },
  ): Promise<TaskEvent[]> {
    const events = this.#db
      .selectFrom('events as e')
      .leftJoin('nodes as n', (join) => join.onRef('n.taskId', '=', 'e.taskId').onRef('n.no', '=', 'e.no'))
      .select([inOrder.cursor.as('cursor'), 'e.at', 'e.kind', 'e.no', 'n.name as node', 'e.step', 'e.try'])
      .select(['e.batch', 'e.nodes', 'e.state', 'e.status', 'e.reason'])
      .where('e.taskId', '=', taskId)
      .where(inOrder.after(after))
      .orderBy('e.xid')
      .orderBy('e.seq')
      .limit(limit);
    const found = await (following ? events.where(inOrder.settled) : events).execute();
    const names = found.some(({ kind }) => kind === 'step') ? await stepNames(this.#db, taskId) : [];
    return found.map((row) => ({ seq: row.cursor, at: row.at.toISOString(), event: body(row, names) }));
  }
}

interface EventRow {
  kind: TaskEventBody['kind'];
  no: number | null;
  node: string | null;
  step: number | null;
  try: number | null;
  batch: number | null;
  nodes: number | null;
  state: 'started' | 'finished' | null;
  status: string | null;
  reason: string | null;
}

function body(row: EventRow, stepNames: readonly string[]): TaskEventBody {
  const { kind, no, node, step, batch, nodes, state, status, reason } = row;
  switch (kind) {
    case 'task':
      return { kind, status: status as TaskStatus, reason: reason ?? '' };
    case 'batch':
      return { kind, batch: batch ?? 0, nodes: nodes ?? 0, state: state ?? 'started' };
    case 'step':
      return {
        kind,
        no: no ?? 0,
        node: node ?? '',
        step: stepNames[step ?? 0] ?? '',
        try: row.try ?? 1,
        status: status as NodeStatus,
        reason: reason ?? '',
      };
    case 'node':
      return { kind, no: no ?? 0, node: node ?? '', status: status as NodeStatus, reason: reason ?? '' };
  }
}
