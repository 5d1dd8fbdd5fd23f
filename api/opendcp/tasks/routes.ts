import type { Route } from '../table.ts';
import { createTask } from './create.ts';
import { showNodeLog, showTaskLog } from './logs.ts';
import { showNodes } from './nodes.ts';
import { pauseTask, startTask, stopTask } from './steer.ts';
import { listTasks, showTask } from './views.ts';

export const taskRoutes: Route[] = [
  { path: '/task/list', access: 'viewer', answer: listTasks },
  { path: '/task/create', access: 'operator', answer: createTask },
  { path: '/task/start/:id', access: 'operator', answer: startTask },
  { path: '/task/pause/:id', access: 'operator', answer: pauseTask },
  { path: '/task/stop/:id', access: 'operator', answer: stopTask },
  { path: '/task/:id', access: 'viewer', answer: showTask },
  { path: '/task/:id/detail', access: 'viewer', answer: showNodes },
  { path: '/task/flow/:id/log', access: 'viewer', answer: showTaskLog },
  // The document's own URL of it.
  { path: '/task/:id/log', access: 'viewer', answer: showTaskLog },
  { path: '/task/node/:nsid/log', access: 'viewer', answer: showNodeLog },
];
