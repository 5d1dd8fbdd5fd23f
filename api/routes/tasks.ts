import type { App } from '../app.ts';
import type { Parts, Submission } from '../parts.ts';
import { anyError } from '../schemas/error.ts';
import { nodeFilter, nodePage } from '../schemas/node.ts';
import { byName, submission, task, taskFilter, taskList } from '../schemas/task.ts';
import { listTasks } from '../views/task-list.ts';
import { findTask, showTask } from '../views/task.ts';

/** A thousand nodes with parameters and labels of their own are some 300 KB; inline scripts and files come on top. */
const SUBMISSION_LIMIT = 64 * 1024 * 1024;

export function taskRoutes(app: App, parts: Parts): void {
  app.post(
    '/api/v1/tasks',
    {
      bodyLimit: SUBMISSION_LIMIT,
      schema: { summary: 'Start a task', tags: ['tasks'], body: submission, response: { 201: task, ...anyError } },
    },
    async (request, reply) => {
      const { name } = await parts.drover.run(withoutUndefined(request.body));
      return reply
        .code(201)
        .header('location', `/api/v1/tasks/${encodeURIComponent(name)}`)
        .send(await showTask(parts, name));
    },
  );

  app.get(
    '/api/v1/tasks',
    {
      schema: {
        summary: 'Tasks, newest first',
        tags: ['tasks'],
        querystring: taskFilter,
        response: { 200: taskList, ...anyError },
      },
    },
    async (request) => listTasks(parts, request.query),
  );

  app.get(
    '/api/v1/tasks/:name',
    { schema: { summary: 'One task', tags: ['tasks'], params: byName, response: { 200: task, ...anyError } } },
    async (request) => showTask(parts, request.params.name),
  );

  app.get(
    '/api/v1/tasks/:name/nodes',
    {
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

/** zod's optional keys may hold undefined; the client library's may not. */
function withoutUndefined(body: { [Key in keyof Submission]: Submission[Key] | undefined }): Submission {
  const { template, nodes, ...optional } = body;
  return {
    template,
    nodes,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}
