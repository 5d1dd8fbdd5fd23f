import { setTimeout as sleep } from 'node:timers/promises';
import { ENDED } from '../../model/status.ts';
import type { TaskView } from '../../model/task.ts';
import { Invalid } from '../../model/parse/problem.ts';
import type { App } from '../app.ts';
import type { Parts, TaskHandle } from '../parts.ts';
import { anyError } from '../schemas/error.ts';
import { rollout, rolloutEdit } from '../schemas/rollout.ts';
import { retryBody, skipBody, stopBody } from '../schemas/steer.ts';
import { byName, task } from '../schemas/task.ts';
import { findTask, showTask } from '../views/task.ts';

/** ms to wait until a task that had ended shows as started again, so that whoever watches it next does not see its old end. */
const AGAIN_WITHIN = 3000;

export function steerRoutes(app: App, parts: Parts): void {
  const answers = { params: byName, response: { 200: task, ...anyError }, tags: ['steer'] };
  const told = async (name: string, tell: (handle: TaskHandle) => Promise<void>): Promise<TaskView> => {
    await tell(parts.drover.task(name));
    return showTask(parts, name);
  };

  app.post(
    '/api/v1/tasks/:name/pause',
    { schema: { summary: 'Start no new command; what runs goes on to its end', ...answers } },
    ({ params }) => told(params.name, (handle) => handle.pause()),
  );
  app.post(
    '/api/v1/tasks/:name/resume',
    { schema: { summary: 'Go on; after a spent budget: without the failed nodes', ...answers } },
    ({ params }) => told(params.name, (handle) => handle.resume()),
  );
  app.post(
    '/api/v1/tasks/:name/stop',
    { schema: { summary: 'End the task after its running commands, or with them', ...answers, body: stopBody } },
    ({ params, body }) => told(params.name, (handle) => handle.stop({ kill: body?.kill ?? false })),
  );
  app.post(
    '/api/v1/tasks/:name/retry',
    { schema: { summary: 'Run failed nodes again; of an ended task all that is not ok', ...answers, body: retryBody } },
    async ({ params, body }) => {
      const nodes = body?.nodes;
      await checkNodes(parts, params.name, nodes);
      return await told(params.name, async (handle) => {
        const before = await parts.store.tasks.get(params.name);
        await handle.retry(nodes ? { nodes } : {});
        if (before && ENDED.includes(before.status)) await startedAgain(parts, params.name);
      });
    },
  );
  app.post(
    '/api/v1/tasks/:name/skip',
    { schema: { summary: 'Leave nodes out; they no longer count as failures', ...answers, body: skipBody } },
    async ({ params, body }) => {
      await checkNodes(parts, params.name, body.nodes);
      return await told(params.name, (handle) => handle.skip(body.nodes));
    },
  );
  app.patch(
    '/api/v1/tasks/:name/rollout',
    {
      schema: {
        summary: 'Change the rollout from the next batch on',
        tags: ['steer'],
        params: byName,
        body: rolloutEdit,
        response: { 200: rollout, ...anyError },
      },
    },
    ({ params, body }) => parts.drover.task(params.name).setRollout(body),
  );
}

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

async function startedAgain(parts: Parts, name: string): Promise<void> {
  const deadline = Date.now() + AGAIN_WITHIN;
  while (Date.now() < deadline) {
    const row = await parts.store.tasks.get(name);
    if (row && !ENDED.includes(row.status)) return;
    await sleep(50);
  }
}
