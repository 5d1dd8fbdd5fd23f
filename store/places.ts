import { sql } from 'kysely';

import type { Node } from '../model/node.ts';
import { rows } from './sql.ts';
import type { StatementKind } from './writes.ts';

/** Where nodes can be reached that had no address when their task began. */
export const place: StatementKind<{ taskId: string; no: number; node: Node }> = {
  keys: ({ taskId, no }) => [`node ${taskId} ${no}`],
  statement(writes) {
    const list = writes.map(({ taskId, no, node }) => ({ task_id: taskId, no, node }));
    return sql`
      update nodes n set node = w.node from ${rows(list, 'task_id uuid, no int, node jsonb')}
      where (n.task_id, n.no) = (w.task_id, w.no)`;
  },
};
