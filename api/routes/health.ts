import { z } from 'zod';
import type { App } from '../app.ts';
import type { Parts } from '../parts.ts';

const readiness = z.object({
  ready: z.boolean(),
  store: z.string().describe('`ok`, or what is wrong'),
  temporal: z.string().describe('`ok`, or what is wrong'),
  workers: z.number().describe('workers that ask for work; tasks wait while there is none'),
});

export function healthRoutes(app: App, parts: Parts): void {
  app.get(
    '/healthz',
    {
      config: { access: 'public' },
      logLevel: 'warn',
      schema: {
        summary: 'The process answers',
        tags: ['health'],
        response: { 200: z.object({ status: z.literal('ok') }) },
      },
    },
    () => ({ status: 'ok' as const }),
  );

  app.get(
    '/readyz',
    {
      config: { access: 'public' },
      logLevel: 'warn',
      schema: {
        summary: 'Tasks can be run: store, Temporal and a worker are there',
        tags: ['health'],
        response: { 200: readiness, 503: readiness },
      },
    },
    async (_, reply) => {
      const [store, workers] = await Promise.allSettled([
        parts.store.tasks.holds(['00000000-0000-0000-0000-000000000000']),
        parts.workers(),
      ]);
      const count = workers.status === 'fulfilled' ? workers.value : 0;
      const ready = store.status === 'fulfilled' && count > 0;
      return reply.code(ready ? 200 : 503).send({ ready, store: word(store), temporal: word(workers), workers: count });
    },
  );
}

function word(result: PromiseSettledResult<unknown>): string {
  return result.status === 'fulfilled' ? 'ok' : result.reason instanceof Error ? result.reason.message : 'no answer';
}
