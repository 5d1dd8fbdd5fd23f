import { z } from 'zod';
import { described } from './described.ts';
import { autoscale } from './pool-document.ts';

const time = z.string().describe('ISO 8601');
const nodes = z.int().min(0);

const action = z.object({
  at: time.describe('when it ended'),
  by: nodes,
  task: z.union([z.string(), z.null()]).describe("null: somebody else's"),
  ok: z.boolean(),
  reason: z.string(),
});

const state = z.object({
  paused: z.boolean(),
  reading: z.union([
    z.object({
      at: time,
      value: z.union([z.number(), z.null()]).describe('of the metric; null: `missing` says why there is none'),
      missing: z.string(),
      nodes,
      drained: nodes,
    }),
    z.null(),
  ]),
  decision: z.union([
    z.object({
      do: z.enum(['none', 'expand', 'shrink']),
      by: nodes,
      wanted: z.union([nodes, z.null()]).describe('nodes that the load takes; null when nobody can tell'),
      why: z.string(),
    }),
    z.null(),
  ]),
  underWay: z.union([z.string(), z.null()]).describe('its task that has not ended'),
  last: z.object({ up: z.union([action, z.null()]), down: z.union([action, z.null()]) }),
  actions: z.object({ up: nodes, down: nodes }).describe('expansions and shrinks that it has started, ever'),
  nextReadingAt: z.union([time, z.null()]),
});

/** Checked in depth by the model. */
export const autoscaleSettings = described(autoscale);

export const autoscaleView = described(
  z.object({
    pool: z.string(),
    settings: autoscale,
    state: z.union([state, z.null()]).describe('null: `reason` says why it is not known'),
    reason: z.string(),
  }),
  'Autoscale',
);
