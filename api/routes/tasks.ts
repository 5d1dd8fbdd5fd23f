import type { App } from '../app.ts';
import { idempotencyHeader } from '../idempotency.ts';
import type { Parts } from '../parts.ts';
import { anyError } from '../schemas/error.ts';
import { nodeFilter, nodePage } from '../schemas/node.ts';
import { byName, submission, task, taskFilter, taskList } from '../schemas/task.ts';
import { startTask } from '../start-task.ts';
import { submissionIn } from '../submission.ts';
import { listTasks } from '../views/task-list.ts';
import { findTask, showTask } from '../views/task.ts';

/** A thousand nodes with parameters and labels of their own are some 300 KB; inline scripts and files come on top. */
const SUBMISSION_LIMIT = 64 * 1024 * 1024;

export function taskRoutes(app: App, parts: Parts): void {
  app.post(
    '/api/v1/tasks',
    {
      bodyLimit: SUBMISSION_LIMIT,
      config: { access: 'operator' },
      schema: {
        summary: 'Start a task; once, when it comes with an Idempotency-Key',
        tags: ['tasks'],
        headers: idempotencyHeader,
        body: submission,
        response: { 201: task, ...anyError },
      },
    },
    async (request, reply) => {
      await startTask(parts, request, reply, submissionIn(request.body));
      return reply;
    },
  );

  app.get(
    '/api/v1/tasks',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'Tasks, newest first or in another order',
        tags: ['tasks'],
        querystring: taskFilter,
        response: { 200: taskList, ...anyError },
      },
    },
    async (request) => listTasks(parts, request.query),
  );

  app.get(
    '/api/v1/tasks/:name',
    {
      config: { access: 'viewer' },
      schema: { summary: 'One task', tags: ['tasks'], params: byName, response: { 200: task, ...anyError } },
    },
    async (request) => showTask(parts, request.params.name),
  );

  app.get(
    '/api/v1/tasks/:name/nodes',
    {
      config: { access: 'viewer' },
      schema: {
        summary: "A task's nodes, with their steps",
        tags: ['tasks'],
        params: byName,
        querystring: nodeFilter,
        response: { 200: nodePage, ...anyError },
      },
    },
    async (request) => {
      const { status, name, page, page_size } = request.query;
      const row = await findTask(parts, request.params.name);
      if (!row) return { items: [], page, page_size, total: 0 };
      return parts.store.ledger.nodes(row.id, {
        page,
        pageSize: page_size,
        ...(status && { status }),
        ...(name !== undefined && { name }),
      });
    },
  );
}
