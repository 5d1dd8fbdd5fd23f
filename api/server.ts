import swagger from '@fastify/swagger';
import fastify, { LogController, type FastifyBaseLogger } from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { App } from './app.ts';
import { answerErrors } from './errors.ts';
import { refuseOtherSites } from './other-sites.ts';
import type { Parts } from './parts.ts';
import { fileRoutes } from './routes/files.ts';
import { followRoutes } from './routes/follow.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoute } from './routes/metrics.ts';
import { steerRoutes } from './routes/steer.ts';
import { taskRoutes } from './routes/tasks.ts';

/** The HTTP API, not listening yet. Closing it ends the streams that are open; their clients come back later. */
export function buildServer(parts: Parts): App {
  const loggerInstance: FastifyBaseLogger = parts.log;
  const app: App = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 300 },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  answerErrors(app);
  refuseOtherSites(app);
  void app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Drover', version: parts.version } },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  // In a plugin of their own, so that the descriptions above are there before the routes.
  void app.register((routes, _, done) => {
    addRoutes(routes.withTypeProvider<ZodTypeProvider>(), parts);
    done();
  });
  return app;
}

function addRoutes(app: App, parts: Parts): void {
  metricsRoute(app, parts);
  healthRoutes(app, parts);
  taskRoutes(app, parts);
  steerRoutes(app, parts);
  followRoutes(app, parts);
  fileRoutes(app, parts);
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}
