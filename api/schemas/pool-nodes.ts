import { z } from 'zod';
import { STANDINGS } from '../../store/nodes-of-pools.ts';

/** Nodes in one answer. */
const MOST_NODES = 10_000;
/** Seconds that a drain waits. */
const LONGEST_DRAIN = 24 * 3600;

const filter = (what: string) =>
  z
    .string()
    .optional()
    .transform((text) => (text === '' ? undefined : text))
    .describe(`${what}; empty: any`);

export const nodesQuery = z.strictObject({
  type: filter('of services of this type'),
  status: z
    .enum([...STANDINGS, ''])
    .optional()
    .transform((status) => (status === '' ? undefined : status))
    .describe('as the nodes of the answer have it; empty: any'),
  pool: filter('of this pool'),
  name: filter('of this name'),
  limit: z.coerce.number().int().min(1).max(MOST_NODES).default(MOST_NODES).describe('at most so many'),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, 'expected `next` of an answer before')
    .optional()
    .describe('`next` of the answer before'),
});

export const byNodeId = z.object({ id: z.string().describe("the node's `id`") });

export const node = z
  .object({
    id: z.string(),
    name: z.string().describe('unique in its pool'),
    pool: z.string(),
    service: z.string(),
    type: z.string().describe("the service's type"),
    status: z
      .enum(STANDINGS)
      .describe(
        'active: in rotation; failed: in rotation, but the last task over it did not go well there; draining: out of rotation, and a task still has it; drained: out of rotation',
      ),
    address: z.string().nullable(),
    providerId: z.string().nullable().describe("the vendor's id of the machine"),
    drainedBy: z.string().nullable().describe('who took it out of rotation: a person, or a task by its name'),
    joinedAt: z.iso.datetime(),
  })
  .meta({ id: 'StandingNode' });

export const nodeList = z
  .object({
    items: z.array(node).describe('by id'),
    next: z.string().nullable().describe('cursor of the rest; null: that is all'),
  })
  .meta({ id: 'StandingNodeList' });

export const drainBody = z
  .strictObject({
    timeout: z
      .int()
      .min(0)
      .max(LONGEST_DRAIN)
      .default(30)
      .describe('seconds to wait for what runs on the node; 0: only look'),
  })
  .nullish();

/** A client that sends an empty object is as well as one that sends nothing. */
export const noBody = z.strictObject({}).nullish();

export const done = z.strictObject({}).describe('it is done');

export const restarting = z.strictObject({ task: z.string().describe('the task that does it') });

export const meta = z.strictObject({ meta: z.unknown().describe('any JSON; null: nothing') }).meta({ id: 'NodeMeta' });

export const commandList = z
  .object({
    items: z.array(
      z.object({
        name: z.string(),
        description: z.string(),
        type: z
          .enum(['node', 'template', 'provider'])
          .describe(
            'node: a request to /api/v1/nodes/:id/NAME; template: of the pool, run by a task over its nodes; provider: a group action, for steps of templates (`use: NAME`)',
          ),
        pool: z.string().nullable().describe('the pool that has it; null: every one'),
        template: z.string().nullable().describe('the name of the template; null: it is none'),
        params: z.record(
          z.string(),
          z.object({
            description: z.string().optional(),
            type: z.string().optional(),
            required: z.boolean().optional(),
            default: z.string().optional(),
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'NodeCommandList' });

export type NodeCommand = z.output<typeof commandList>['items'][number];
