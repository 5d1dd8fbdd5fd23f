import { z } from 'zod';
import { ON_FAILURE } from '../../model/pool/pool.ts';
import { described } from './described.ts';

/** What makes a pool grow and shrink, as its document has it. */

const text = z.string();
const duration = z
  .union([text.regex(/^\d+(\.\d+)?(ms|s|m|h)$/), z.int().min(0)])
  .describe('`500ms`, `30s`, `5m`, `2h`; a number is ms');
const countOrShare = z.union([z.int().min(0), text.regex(/^\d{1,3}(\.\d+)?%$/)]);
const secret = text.regex(/^secret:/).describe('`secret:NAME`: read where the work is done');

const api = {
  endpoint: text.describe('base URL'),
  timeout: duration.optional().describe('for one request; default 30s'),
  poll: duration.optional().describe('between two looks at the machines; default 5s'),
  within: duration.optional().describe('for machines to run, or to be gone; default 15m'),
  settle: duration
    .optional()
    .describe('for which machines of a request whose reply was lost are looked for; default 15s'),
  requestsPerSecond: z.number().optional().describe('default 10'),
};

const request = z.record(text, z.unknown()).describe('`{method, path, body, okStatus, ok}`');

const provider = (spares: z.ZodType) =>
  z.union([
    z.strictObject({ ssh: z.strictObject({ spares, within: duration.optional() }) }),
    z.strictObject({
      suanli: z.strictObject({
        ...{ ...api, taskId: z.int(), token: secret, privateKey: secret.optional().describe('signed mode') },
        ...{ version: text.optional(), points: z.int().min(0).optional() },
      }),
    }),
    z.strictObject({
      jupiter: z.strictObject({
        ...{ ...api, cluster: z.int().optional() },
        discovery: z.strictObject({ endpoint: text, id: z.int().optional(), appkey: secret }).optional(),
      }),
    }),
    z.strictObject({
      croupier: z.strictObject({
        ...{ ...api, token: secret.optional(), type: text.optional() },
        address: text.optional().describe("where in a node's meta its address is"),
      }),
    }),
    z.strictObject({
      top: z.strictObject({
        ...{ ...api, accesskey: secret, nodeId: z.union([z.int(), z.array(z.int())]).optional() },
        method: z.enum(['PARALLEL', 'SEQUENTIAL']).optional(),
      }),
    }),
    z.strictObject({
      everai: z.strictObject({ ...api, namespace: text.optional(), app: text, token: secret }),
    }),
    z.strictObject({
      http: z.strictObject({
        ...{ ...api, headers: z.record(text, text).optional(), create: request, list: request, release: request },
        ...{ register: request.optional(), unregister: request.optional() },
        ...{ drain: request.optional(), undrain: request.optional(), restart: request.optional() },
      }),
    }),
  ]);

const limits = z.strictObject({
  min: z.int().min(0).optional().describe('a shrink leaves so many at least'),
  max: z.int().min(0).optional().describe('an expansion comes to so many at most'),
  minAvailable: countOrShare.optional().describe('nodes that no rollout takes at once'),
});

const dependency = z.strictObject({
  pool: text,
  ratio: z.number().min(0),
  extra: z.int().min(0).optional(),
  before: text.describe('the step of the expand template before which the other pool grows'),
});

const source = { url: text, headers: z.record(text, text).optional() };
export const autoscale = z.strictObject({
  metric: z.union([
    z.strictObject({ prometheus: z.strictObject({ ...source, query: text }) }),
    z.strictObject({ json: z.strictObject({ ...source, path: text }) }),
  ]),
  target: z.number().gt(0).describe('of the metric, for each node'),
  of: z.enum(['average', 'total']).optional(),
  min: z.int().min(0),
  max: z.int().min(1),
  step: z.strictObject({ up: z.int().min(1).optional(), down: z.int().min(1).optional() }).optional(),
  cooldown: z.strictObject({ up: duration.optional(), down: duration.optional() }).optional(),
  tolerance: z.number().min(0).optional(),
  every: duration.optional(),
});

const onFailure = z
  .enum(ON_FAILURE)
  .describe('machines whose node did not become ok: given back (release), or kept and listed');
const dependsOn = z
  .array(dependency)
  .describe('pools that grow along: when this one grows by N, by ceil(N × ratio) + extra, before the step');

/** As a document has it. */
export const growth = (spares: z.ZodType) => ({
  provider: provider(spares).optional().describe('where its machines come from'),
  limits: limits.optional(),
  onFailure: onFailure.optional(),
  dependsOn: dependsOn.optional(),
  autoscale: autoscale.optional(),
});

/** As it is shown. */
export const grown = (spares: z.ZodType) => ({
  provider: described(z.union([provider(spares), z.null()])),
  limits: described(limits),
  onFailure: described(onFailure),
  dependsOn: described(dependsOn),
  autoscale: described(autoscale),
});
