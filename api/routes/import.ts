import { z } from 'zod';
import { parseOpendcpCatalogue } from '../../model/opendcp/catalogue.ts';
import { importOpendcp } from '../../store/catalogue/import.ts';
import { afterChange } from '../after-change.ts';
import type { App } from '../app.ts';
import type { Parts } from '../parts.ts';
import { changeOrRehearse } from '../rehearse.ts';
import { importQuery, importReport } from '../schemas/catalogue-whole.ts';
import { anyError } from '../schemas/error.ts';

const CATALOGUE_LIMIT = 64 * 1024 * 1024;

export function importRoutes(app: App, parts: Parts): void {
  app.post(
    '/api/v1/import/opendcp',
    {
      config: { access: 'operator' },
      bodyLimit: CATALOGUE_LIMIT,
      schema: {
        summary: "Take over an OpenDCP catalogue, as read from orion's lists",
        tags: ['catalogue'],
        querystring: importQuery,
        body: z
          .unknown()
          .describe('`{clusters, services, pools, nodes, actions, actimpls, remote_steps, task_templates}`'),
        response: { 200: importReport, ...anyError },
      },
    },
    async ({ actor, query, body }) => {
      const catalogue = parseOpendcpCatalogue(body);
      const isRehearsal = query.dryRun;
      const { store } = parts;
      const report = await changeOrRehearse(store.catalogue, { actor, isRehearsal }, (edit) =>
        importOpendcp(edit, catalogue),
      );
      if (!isRehearsal) await afterChange(parts);
      return report;
    },
  );
}
