import type { App } from '../../app.ts';
import type { Parts } from '../../parts.ts';
import { actionRoutes } from './actions.ts';
import { clusterRoutes } from './clusters.ts';
import { poolActionRoutes } from './pool-actions.ts';
import { poolRoutes } from './pools.ts';
import { serviceRoutes } from './services.ts';
import { stepRoutes } from './steps.ts';
import { templateRoutes } from './templates.ts';

export function catalogueRoutes(app: App, parts: Parts): void {
  for (const add of [
    clusterRoutes,
    serviceRoutes,
    actionRoutes,
    stepRoutes,
    templateRoutes,
    poolRoutes,
    poolActionRoutes,
  ])
    add(app, parts);
}
