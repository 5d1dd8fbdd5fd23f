import { z } from 'zod';
import { NODE_STATUSES } from '../../model/status.ts';

const nodeStatus = z.enum(NODE_STATUSES);
const time = z.iso.datetime().nullable();

const step = z.object({
  name: z.string(),
  status: nodeStatus,
  tries: z.number(),
  exitCode: z.number().nullable(),
  startedAt: time,
  finishedAt: time,
  reason: z.string(),
});

const node = z
  .object({
    no: z.number().describe('0-based, in the order the nodes were given'),
    name: z.string(),
    address: z.string(),
    batch: z.number().nullable(),
    status: nodeStatus,
    reason: z.string(),
    steps: z.array(step),
  })
  .meta({ id: 'Node' });

export const nodePage = z
  .object({ items: z.array(node), page: z.number(), page_size: z.number(), total: z.number() })
  .meta({ id: 'NodePage' });

export const nodeFilter = z.strictObject({
  status: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(nodeStatus))
    .optional()
    .describe('one status, or several with commas'),
  name: z.string().optional().describe("a part of the node's name"),
  page: z.coerce.number().int().min(1).default(1),
  page_size: z.coerce.number().int().min(1).max(1000).default(100),
});
