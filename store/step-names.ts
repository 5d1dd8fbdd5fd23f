import { sql, type Kysely } from 'kysely';

import type { Schema } from './schema.ts';

/** The names of a task's steps, in their order. */
export async function stepNames(db: Kysely<Schema>, taskId: string): Promise<string[]> {
  const task = await db
    .selectFrom('tasks')
    .select(sql<string[]>`jsonb_path_query_array(template, '$.steps[*].name')`.as('names'))
    .where('id', '=', taskId)
    .executeTakeFirst();
  return task?.names ?? [];
}
