import type { RouteOptions } from 'fastify';
import type { Actor, Role } from '../../model/actor.ts';
import type { App } from '../app.ts';

/** Who may call a route: everybody, without being asked who they are, or whoever has at least this role. */
export type Access = 'public' | Role;

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    /** The route speaks OpenDCP's envelope. */
    opendcp?: boolean;
  }
  interface FastifyRequest {
    /** Who asks; known before the route's own code runs. */
    actor: Actor;
  }
}

/** From here on a route without a rule is refused when it is registered, so that none is open by oversight. */
export function requireRules(app: App): void {
  app.addHook('onRoute', (route: RouteOptions) => {
    if (route.config?.access === undefined)
      throw new Error(
        `${String(route.method)} ${route.url} says not who may call it, expected config: { access: 'public' | 'viewer' | 'operator' | 'admin' }`,
      );
  });
}
