import { z } from 'zod';

const countOrShare = z.union([z.number(), z.templateLiteral([z.number(), '%'])]);

export const rollout = z
  .object({
    batch: z.array(countOrShare).describe('nodes in flight at most; the smallest counts'),
    order: z.enum(['step', 'node']),
    lanes: z.number(),
    bake: z.number().describe('ms between batches'),
    canary: z.number(),
    maxFailures: countOrShare,
    onBudget: z.enum(['pause', 'stop', 'continue']),
  })
  .meta({ id: 'Rollout' });

/** Checked by the model, which knows what may be edited when. */
export const rolloutEdit = z
  .record(z.string(), z.unknown())
  .describe('the keys to change, as in a template\'s `rollout`: `{"batch": "20%", "maxFailures": 3}`');
