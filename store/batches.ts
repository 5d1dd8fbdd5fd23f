import { sql } from 'kysely';

import { rows } from './sql.ts';
import type { StatementKind } from './writes.ts';

/** There is one event for a batch's start, and one for its end. */
export const batchEvent: StatementKind<{
  taskId: string;
  batch: number;
  nodes: number;
  state: 'started' | 'finished';
}> = {
  keys: ({ taskId, batch }) => [`batch ${taskId} ${batch}`],
  statement(batches) {
    const list = batches.map(({ taskId, batch, nodes, state }) => ({ task_id: taskId, batch, nodes, state }));
    return sql`
      insert into events (task_id, kind, batch, nodes, state)
      select task_id, 'batch', batch, nodes, state from ${rows(list, 'task_id uuid, batch int, nodes int, state text')}
      on conflict do nothing`;
  },
};
