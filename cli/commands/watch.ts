import type { TaskView } from '../../model/task.ts';
import { command } from '../command.ts';
import { Api, taskPath } from '../server/api.ts';

export function watchCommand() {
  return command('watch', "follow a task's progress until it ends")
    .argument('<name>', "the task's name")
    .action(async (name, { json, server }) => {
      const api = new Api(server);
      const task = await api.get<TaskView>(taskPath(name));
      const { followToEnd } = await import('../follow/index.ts');
      await followToEnd(api, task, { json, from: 'now' });
    });
}
