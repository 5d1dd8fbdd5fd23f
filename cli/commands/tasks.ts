import { Option } from '@commander-js/extra-typings';
import type { TaskView } from '../../model/task.ts';
import { command } from '../command.ts';

interface TaskList {
  items: TaskView[];
  next: string | null;
}

export function tasksCommand() {
  return command('tasks', 'list tasks, newest first')
    .option('--status <status>', 'only those with this status')
    .option('--pool <pool>', 'only those of this pool')
    .option('--template <template>', 'only those of this template')
    .option('--search <text>', 'only those with this in their name or title')
    .addOption(
      new Option(
        '--sort <by>',
        'by name, createdAt or finishedAt; -name and so on: descending (default: -createdAt)',
      ).choices(['name', '-name', 'createdAt', '-createdAt', 'finishedAt', '-finishedAt']),
    )
    .option('--limit <n>', 'at most so many', '50')
    .action(async ({ json, server, status, pool, template, search, sort, limit }) => {
      const { Api, withQuery } = await import('../server/api.ts');
      const query = { status, pool, template, search, sort, limit };
      const list = await new Api(server).get<TaskList>(withQuery('/api/v1/tasks', query));
      const { out } = await import('../print/out.ts');
      const { taskTable } = await import('../print/task.ts');
      out({ json }, list, () => taskTable(list.items));
    });
}
