import { setMaxListeners } from 'node:events';
import type { FastifyReply } from 'fastify';
import { newName } from '../../client/name.ts';
import type { StandingNode } from '../../store/nodes-of-pools.ts';
import { recorded } from '../access/recorded.ts';
import { starterOf } from '../access/started.ts';
import type { App } from '../app.ts';
import { idempotencyHeader, once } from '../idempotency.ts';
import { drain } from '../nodes/drain.ts';
import { allowEmptyBody } from '../nodes/empty-body.ts';
import { findNode, fullName } from '../nodes/find.ts';
import { restartOf } from '../nodes/restart.ts';
import type { Parts } from '../parts.ts';
import { anyError } from '../schemas/error.ts';
import { byNodeId, done, drainBody, noBody, restarting } from '../schemas/pool-nodes.ts';
import { completed } from '../submission.ts';

const tags = ['nodes'];

/** What can be asked of a node. */
export function actRoutes(app: App, parts: Parts): void {
  rotationRoutes(app, parts);
  restartRoute(app, parts);
}

function rotationRoutes(app: App, parts: Parts): void {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  app.addHook('preClose', () => closing.abort());
  const answers = { tags, params: byNodeId, response: { 200: done, ...anyError } };
  app.post(
    '/api/v1/nodes/:id/drain',
    {
      config: { access: 'operator' },
      onRequest: allowEmptyBody,
      schema: {
        ...{
          summary: 'Take a node out of rotation, and wait until no task has it; 409 when that takes too long',
          ...answers,
        },
        body: drainBody,
      },
    },
    async (request, reply) => {
      const found = await findNode(parts, request.params.id);
      const timeout = (request.body?.timeout ?? 30) * 1000;
      const by = starterOf(request.actor, undefined);
      const signal = AbortSignal.any([closing.signal, gone(reply)]);
      await recorded(parts, request, askedOf('drain', found, { timeout: timeout / 1000 }), () =>
        drain(parts.store, found, { by, timeout, signal }),
      ).finally(() => {
        // A connection that outlived its request would keep the server from closing.
        if (closing.signal.aborted) void reply.header('connection', 'close');
      });
      return {};
    },
  );
  app.post(
    '/api/v1/nodes/:id/undrain',
    {
      config: { access: 'operator' },
      onRequest: allowEmptyBody,
      schema: { summary: 'Take a node into rotation again, whoever took it out', ...answers, body: noBody },
    },
    async (request) => {
      const found = await findNode(parts, request.params.id);
      await recorded(parts, request, askedOf('undrain', found), () => parts.store.rotation.letIn(found.id));
      return {};
    },
  );
}

/** Aborts when the client has gone, or has its answer. */
function gone({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once('close', () => controller.abort());
  return controller.signal;
}

function restartRoute(app: App, parts: Parts): void {
  app.post(
    '/api/v1/nodes/:id/restart',
    {
      config: { access: 'operator' },
      onRequest: allowEmptyBody,
      schema: {
        ...{ summary: 'Start the task that restarts a node; `Location` says which it is', tags, params: byNodeId },
        ...{ headers: idempotencyHeader, body: noBody, response: { 200: restarting, ...anyError } },
      },
    },
    async (request, reply) => {
      const found = await findNode(parts, request.params.id);
      return once(parts, request, reply, {
        plan: () => Promise.resolve({ task: newName(`restart-${found.name}`) }),
        act: async ({ task }, again) => {
          if (!again || (await parts.drover.task(task).execution()).state === 'missing')
            await recorded(parts, request, askedOf('restart', found, { task }), async () => {
              const submission = await restartOf(parts.store.catalogue, found);
              await completed(parts.store, submission);
              await parts.drover.run({ ...submission, name: task, startedBy: starterOf(request.actor, undefined) });
            });
          return { status: 200, headers: { location: `/api/v1/tasks/${encodeURIComponent(task)}` }, body: { task } };
        },
      });
    },
  );
}

function askedOf(what: string, { drainedBy, ...found }: StandingNode, after: object = {}) {
  return { action: `node.${what}`, kind: 'node', name: fullName(found), before: { drainedBy }, after };
}
