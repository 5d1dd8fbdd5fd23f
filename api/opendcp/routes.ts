import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { App } from '../app.ts';
import type { Parts } from '../parts.ts';
import { actionRoutes } from './actions.ts';
import { takeBodies } from './body.ts';
import { clusterRoutes } from './clusters.ts';
import { answerInEnvelope } from './errors.ts';
import { implementationRoutes } from './implementations.ts';
import { nodeRoutes } from './nodes.ts';
import { poolActionRoutes } from './pool-actions.ts';
import { poolRoutes } from './pools.ts';
import { scheduleRoutes } from './schedules.ts';
import { serviceRoutes } from './services.ts';
import { stepRoutes } from './steps.ts';
import { addRoute, type Route } from './table.ts';
import { taskRoutes } from './tasks/routes.ts';
import { templateRoutes } from './templates.ts';

/** What OpenDCP's clients call, at the server's root (docs/opendcp.md). */
export const OPENDCP_ROUTES: readonly Route[] = [
  ...clusterRoutes,
  ...serviceRoutes,
  ...poolRoutes,
  ...nodeRoutes,
  ...poolActionRoutes,
  ...actionRoutes,
  ...implementationRoutes,
  ...stepRoutes,
  ...templateRoutes,
  ...taskRoutes,
  ...scheduleRoutes,
];

/** In a plugin of their own: they read bodies in their own way, and every answer of theirs is in OpenDCP's envelope. */
export function opendcpRoutes(app: App, parts: Parts): void {
  void app.register((plugin, _, done) => {
    const routes = plugin.withTypeProvider<ZodTypeProvider>();
    takeBodies(routes);
    answerInEnvelope(routes);
    for (const route of OPENDCP_ROUTES) addRoute(routes, parts, route);
    done();
  });
}
