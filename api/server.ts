import swagger from '@fastify/swagger';
import fastify, { LogController, type FastifyBaseLogger } from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { askWho } from './access/ask.ts';
import { Gate, type Reach } from './access/gate.ts';
import { requireRules } from './access/rule.ts';
import type { App } from './app.ts';
import { refuseDeepBodies } from './deep-bodies.ts';
import { answerError, answerErrors } from './errors.ts';
import { opendcpRoutes } from './opendcp/routes.ts';
import type { Parts } from './parts.ts';
import { applyRoutes } from './routes/apply.ts';
import { auditRoute } from './routes/audit.ts';
import { autoscaleRoutes } from './routes/autoscale.ts';
import { catalogueRoutes } from './routes/catalogue/index.ts';
import { dryRunRoute } from './routes/dry-run.ts';
import { fileRoutes } from './routes/files.ts';
import { followRoutes } from './routes/follow.ts';
import { healthRoutes } from './routes/health.ts';
import { homeRoute } from './routes/home.ts';
import { importRoutes } from './routes/import.ts';
import { metricsRoute } from './routes/metrics.ts';
import { nodeRoutes } from './routes/nodes.ts';
import { scheduleRoutes } from './routes/schedules.ts';
import { steerRoutes } from './routes/steer.ts';
import { taskRoutes } from './routes/tasks.ts';
import { tokenRoutes } from './routes/tokens.ts';

/** Everything that is served. */
const ROUTES: readonly ((app: App, parts: Parts, gate: Gate) => void)[] = [
  metricsRoute,
  healthRoutes,
  taskRoutes,
  steerRoutes,
  followRoutes,
  fileRoutes,
  catalogueRoutes,
  scheduleRoutes,
  autoscaleRoutes,
  applyRoutes,
  importRoutes,
  nodeRoutes,
  dryRunRoute,
  tokenRoutes,
  auditRoute,
  opendcpRoutes,
  describeRoute,
  homeRoute,
];

/** `{}`: a server without tokens asks for none. */
const TOKENS = {
  components: {
    securitySchemes: { token: { type: 'http' as const, scheme: 'bearer', description: 'drover token create' } },
  },
  security: [{ token: [] }, {}],
};

/**
 * The HTTP API, not listening yet. `reach`: who will be able to connect; a server that has no tokens lets in nobody but its own
 * machine. Closing it ends the streams that are open; their clients come back later.
 */
export function buildServer(parts: Parts, reach: Reach = 'loopback'): App {
  const gate = new Gate(parts, reach);
  const loggerInstance: FastifyBaseLogger = parts.log;
  const app: App = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: 'idle',
    // 100 characters of a name, each up to four bytes percent-encoded, and a bit more.
    routerOptions: { maxParamLength: 1300 },
    frameworkErrors: answerError,
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  answerErrors(app);
  refuseDeepBodies(app);
  requireRules(app);
  askWho(app, gate);
  void app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Drover', version: parts.version }, ...TOKENS },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  // In a plugin of their own, so that the descriptions above are there before the routes. As a promise: what a plugin with a
  // callback throws nobody catches.
  void app.register(
    (routes) =>
      new Promise<void>((added) => {
        for (const add of ROUTES) add(routes.withTypeProvider<ZodTypeProvider>(), parts, gate);
        added();
      }),
  );
  return app;
}

function describeRoute(app: App): void {
  app.get('/openapi.json', { config: { access: 'public' }, schema: { hide: true } }, () => app.swagger());
}
