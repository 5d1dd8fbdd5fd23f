import { sql } from 'kysely';

import { Order, type Key } from './order.ts';

export interface TaskSort {
  by: 'createdAt' | 'name' | 'finishedAt';
  descending: boolean;
}

interface Sorted {
  seq: number;
  name: string;
  finishedAt: Date | null;
}

const SEQ: Key<Sorted> = { sql: sql`seq`, type: 'number', of: ({ seq }) => seq };

/** Each has an index. Numbers ascend with creation. Tasks that have not ended end after all others. */
const KEYS: Record<TaskSort['by'], readonly Key<Sorted>[]> = {
  createdAt: [SEQ],
  name: [{ sql: sql`name`, type: 'text', of: ({ name }) => name }],
  finishedAt: [{ sql: sql`coalesce(finished_at, 'infinity')`, type: 'time', of: ({ finishedAt }) => finishedAt }, SEQ],
};

export function taskOrder<Row extends Sorted>(sort: TaskSort = { by: 'createdAt', descending: true }): Order<Row> {
  return new Order<Row>(`tasks by ${sort.by}`, KEYS[sort.by], sort);
}
