import type { FastifyRequest } from 'fastify';
import { ENDED } from '../../model/status.ts';
import type { TaskView } from '../../model/task.ts';
import { Invalid } from '../../model/parse/problem.ts';
import { recorded } from '../access/recorded.ts';
import type { App } from '../app.ts';
import { idempotencyHeader, once } from '../idempotency.ts';
import type { Parts, TaskHandle } from '../parts.ts';
import { anyError } from '../schemas/error.ts';
import { rollout, rolloutEdit } from '../schemas/rollout.ts';
import { retryBody, skipBody, stopBody } from '../schemas/steer.ts';
import { byName, task } from '../schemas/task.ts';
import { untilClosed, untilStatus } from '../until.ts';
import { findTask, showTask } from '../views/task.ts';

export function steerRoutes(app: App, parts: Parts): void {
  const answers = { params: byName, response: { 200: task, ...anyError }, tags: ['steer'] };
  const told = async (
    request: Steering,
    what: string,
    tell: (handle: TaskHandle) => Promise<void>,
    asked: object = {},
  ): Promise<TaskView> => {
    const { name } = request.params;
    const row = await parts.store.tasks.get(name);
    const before = row && { status: row.status };
    await recorded(parts, request, { action: `task.${what}`, kind: 'task', name, before, after: asked }, () =>
      tell(parts.drover.task(name)),
    );
    return showTask(parts, name);
  };

  app.post(
    '/api/v1/tasks/:name/pause',
    {
      config: { access: 'operator' },
      schema: { summary: 'Start no new command; what runs goes on to its end', ...answers },
    },
    (request) => told(request, 'pause', (handle) => handle.pause()),
  );
  app.post(
    '/api/v1/tasks/:name/resume',
    {
      config: { access: 'operator' },
      schema: { summary: 'Go on; after a spent budget: without the failed nodes', ...answers },
    },
    (request) => told(request, 'resume', (handle) => handle.resume()),
  );
  app.post(
    '/api/v1/tasks/:name/stop',
    {
      config: { access: 'operator' },
      schema: { summary: 'End the task after its running commands, or with them', ...answers, body: stopBody },
    },
    (request) => {
      const asked = { kill: request.body?.kill ?? false };
      return told(request, 'stop', (handle) => handle.stop(asked), asked);
    },
  );
  app.post(
    '/api/v1/tasks/:name/retry',
    {
      config: { access: 'operator' },
      schema: {
        ...{ summary: 'Run failed nodes again; of an ended task all that is not ok', ...answers },
        ...{ headers: idempotencyHeader, body: retryBody },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const nodes = request.body?.nodes;
      const asked = nodes ? { nodes } : {};
      await checkNodes(parts, name, nodes);
      const retry = async (handle: TaskHandle) => {
        const before = await parts.store.tasks.get(name);
        const hasEnded = before !== undefined && ENDED.includes(before.status);
        if (hasEnded) await untilClosed(parts, name);
        await handle.retry(asked);
        // So that whoever watches it next does not see its old end.
        if (hasEnded) await untilStatus(parts, name, (status) => !ENDED.includes(status));
      };
      await once(parts, request, reply, {
        plan: async (isKept) => ({ ended: isKept ? await endedRun(parts, name) : null }),
        act: async ({ ended }, again) => {
          const isDone = again && ended !== null && ended !== (await endedRun(parts, name));
          return {
            status: 200,
            body: isDone ? await showTask(parts, name) : await told(request, 'retry', retry, asked),
          };
        },
      });
      return reply;
    },
  );
  app.post(
    '/api/v1/tasks/:name/skip',
    {
      config: { access: 'operator' },
      schema: { summary: 'Leave nodes out; they no longer count as failures', ...answers, body: skipBody },
    },
    async (request) => {
      const { nodes } = request.body;
      await checkNodes(parts, request.params.name, nodes);
      return await told(request, 'skip', (handle) => handle.skip(nodes), { nodes });
    },
  );
  app.patch(
    '/api/v1/tasks/:name/rollout',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Change the rollout from the next batch on',
        tags: ['steer'],
        params: byName,
        body: rolloutEdit,
        response: { 200: rollout, ...anyError },
      },
    },
    async (request) => {
      const { name } = request.params;
      const before = (await parts.store.tasks.get(name))?.rollout;
      const asked = { action: 'task.rollout', kind: 'task', name, before, after: request.body };
      return recorded(parts, request, asked, () => parts.drover.task(name).setRollout(request.body));
    },
  );
}

/** The run in which a task has ended, when it has: after a retry it is another one, or none yet. */
async function endedRun(parts: Parts, name: string): Promise<string | null> {
  const { state, runId } = await parts.drover.task(name).execution();
  return state === 'running' || state === 'paused' ? null : runId;
}

type Steering = Pick<FastifyRequest<{ Params: { name: string } }>, 'params' | 'actor'>;

/** Throws NoSuchTask; Invalid with every name that no node of the task has. */
async function checkNodes(parts: Parts, task: string, names: string[] = []): Promise<void> {
  const row = await findTask(parts, task);
  if (!row) return;
  const known = await parts.store.ledger.numbers(row.id, names);
  const unknown = names.flatMap((name, i) =>
    known.has(name) ? [] : [{ path: `nodes[${i}]`, message: `the task has no node named ${name}` }],
  );
  if (unknown.length > 0) throw new Invalid(unknown);
}
