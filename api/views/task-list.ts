import pLimit from 'p-limit';
import { noCounts } from '../../model/status.ts';
import type { TaskView } from '../../model/task.ts';
import type { Parts } from '../parts.ts';
import type { TaskFilter } from '../schemas/task.ts';
import { sortOf } from '../schemas/sort.ts';
import { standing, view } from './task.ts';

/** Questions to Temporal at once, one for each task of a page that has not ended. */
const AT_ONCE = 10;

/** A page of tasks. One that Temporal knows to have another status than the one asked for is left out. */
export async function listTasks(
  parts: Parts,
  { cursor, limit: size, sort, ...filter }: TaskFilter,
): Promise<{ items: TaskView[]; next: string | null }> {
  const page = await parts.store.tasks.list({
    ...{ limit: size, sort: sortOf(sort) },
    ...given({ ...filter, before: cursor }),
  });
  const limit = pLimit(AT_ONCE);
  const items = await Promise.all(
    page.items.map((row) =>
      limit(async () => view(parts, row, page.counts.get(row.id) ?? noCounts(), await standing(parts, row))),
    ),
  );
  return {
    items: items.filter(({ status }) => filter.status === undefined || status === filter.status),
    next: page.next ?? null,
  };
}

type Given<Options> = { [Key in keyof Options]?: Exclude<Options[Key], undefined> };

/** zod leaves optional keys undefined; the store wants them absent. */
function given<Options extends object>(options: Options): Given<Options> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<Options>;
}
