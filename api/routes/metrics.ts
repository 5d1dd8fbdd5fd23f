import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { ENDED, TASK_STATUSES } from '../../model/status.ts';
import type { App } from '../app.ts';
import type { Parts } from '../parts.ts';
import { anyError } from '../schemas/error.ts';
import { textReply } from '../schemas/stream.ts';

export function metricsRoute(app: App, parts: Parts): void {
  const register = new Registry();
  collectDefaultMetrics({ register });
  measureRequests(app, register);
  countOpenTasks(parts, register);

  app.get(
    '/metrics',
    {
      config: { access: 'viewer' },
      logLevel: 'warn',
      schema: {
        summary: 'For Prometheus',
        tags: ['health'],
        response: { 200: textReply('text/plain', 'Prometheus text format'), ...anyError },
      },
    },
    async (_, reply) => reply.type(register.contentType).send(await register.metrics()),
  );
}

function measureRequests(app: App, register: Registry): void {
  const requests = new Histogram({
    name: 'drover_http_request_duration_seconds',
    help: 'HTTP requests by route; streams count from their beginning to their end',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [register],
  });
  app.addHook('onResponse', (request, reply, done) => {
    const labels = { method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode };
    requests.observe(labels, reply.elapsedTime / 1000);
    done();
  });
}

function countOpenTasks({ store }: Parts, register: Registry): void {
  new Gauge({
    name: 'drover_tasks',
    help: 'Tasks that have not ended, by status',
    labelNames: ['status'],
    registers: [register],
    async collect() {
      const open = await store.tasks.open();
      for (const status of TASK_STATUSES.filter((one) => !ENDED.includes(one)))
        this.set({ status }, open.filter((task) => task.status === status).length);
    },
  });
}
