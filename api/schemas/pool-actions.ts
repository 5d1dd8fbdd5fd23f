import { z } from 'zod';
import { CHOICES } from '../../model/pool/pool.ts';
import { inTemplate } from './catalogue-documents.ts';
import { described } from './described.ts';

const names = z.array(z.string()).min(1);
const by = z.int().min(1).max(1000);
const to = z.int().min(0);
const choose = z
  .enum(CHOICES)
  .describe(
    'newest (default): those that joined last go first; scheduled: those that a schedule made, then the newest',
  );

/** What a task does with a pool, in place of a template and nodes. */
export const poolAction = described(
  z.union([
    z.strictObject({ expand: z.union([z.strictObject({ by }), z.strictObject({ to })]) }),
    z.strictObject({
      shrink: z.union([
        z.strictObject({ by, choose: choose.optional() }),
        z.strictObject({ to, choose: choose.optional() }),
        z.strictObject({ nodes: names }),
      ]),
    }),
    z.strictObject({ deploy: z.strictObject({ nodes: names.optional() }) }),
    z.strictObject({
      scale: z.strictObject({ to, of: z.enum(['all', 'scheduled']).optional(), choose: choose.optional() }),
    }),
    z.strictObject({ release: z.strictObject({ machines: names.optional() }) }),
  ]),
  'PoolAction',
);

const task = {
  params: z.record(z.string(), z.string()).optional().describe("of the pool's template for it"),
  rollout: inTemplate.rollout.optional().describe("over the template's own, key by key"),
  name: z.string().optional().describe("the task's, unique; made when not given"),
  now: z.boolean().optional().describe('refuse (409 `busy`), in place of waiting, when another task has the pool'),
  startedBy: z.string().max(200).optional(),
};

/** Bodies of the routes; checked by the model, which names each problem's place. */
export const poolRequests = {
  expand: described(
    z.strictObject({
      count: by.optional().describe('so many more'),
      to: to.optional().describe('in its place: up to so many'),
      ...task,
    }),
    'Expand',
  ),
  shrink: described(
    z.strictObject({
      count: by.optional().describe('so many fewer'),
      to: to.optional().describe('in its place: down to so many'),
      nodes: names.optional().describe('in its place: names of nodes'),
      choose: choose.optional(),
      ...task,
    }),
    'Shrink',
  ),
  deploy: described(z.strictObject({ nodes: names.optional().describe('not all, but these'), ...task }), 'Deploy'),
  release: described(
    z.strictObject({ machines: names.optional().describe('not all that are unreleased, but these'), ...task }),
    'Release',
  ),
} as const;
