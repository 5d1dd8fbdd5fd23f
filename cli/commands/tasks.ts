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
    .option('--limit <n>', 'at most so many', '50')
    .action(async ({ json, server, status, pool, template, limit }) => {
      const { Api } = await import('../server/api.ts');
      const given = Object.entries({ status, pool, template, limit }).filter(([, value]) => value !== undefined);
      const query = new URLSearchParams(given as [string, string][]);
      const list = await new Api(server).get<TaskList>(`/api/v1/tasks?${query.toString()}`);
      const { out } = await import('../print/out.ts');
      const { taskTable } = await import('../print/task.ts');
      out({ json }, list, () => taskTable(list.items));
    });
}
