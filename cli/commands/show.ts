import { FAILURES, type NodeStatus } from '../../model/status.ts';
import type { NodeView, Page, TaskView } from '../../model/task.ts';
import { command } from '../command.ts';
import { taskPath, type Api } from '../server/api.ts';

/** Nodes asked for at once. */
const PAGE = 1000;

export function showCommand() {
  return command('show', 'show a task: how it stands, and why')
    .argument('<name>', "the task's name")
    .option('--nodes', 'its nodes, with their steps')
    .option('--failed', 'only the nodes that failed')
    .action(async (name, { json, server, nodes, failed }) => {
      const { Api } = await import('../server/api.ts');
      const { out } = await import('../print/out.ts');
      const print = await import('../print/task.ts');
      const api = new Api(server);
      if (json && (nodes || failed)) {
        const page = await allNodes(api, name, failed ? FAILURES : undefined);
        out({ json }, page, () => '');
        return;
      }
      const task = await api.get<TaskView>(taskPath(name));
      const shown = nodes || failed ? (await allNodes(api, name, failed ? FAILURES : undefined)).items : undefined;
      out({ json }, task, () => [print.taskText(task), ...(shown ? ['', print.nodeTable(shown)] : [])].join('\n'));
    });
}

/** Every page as one. */
async function allNodes(api: Api, name: string, status?: readonly NodeStatus[]): Promise<Page<NodeView>> {
  const items: NodeView[] = [];
  for (let page = 1; ; page++) {
    const filter = status ? `&status=${status.join(',')}` : '';
    const answer = await api.get<Page<NodeView>>(taskPath(name, `/nodes?page=${page}&page_size=${PAGE}${filter}`));
    items.push(...answer.items);
    if (items.length >= answer.total || answer.items.length === 0)
      return { items, page: 1, page_size: items.length, total: items.length };
  }
}
