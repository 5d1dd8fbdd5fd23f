import { z } from 'zod';
import { NODE_STATUSES, TASK_STATUSES } from '../../model/status.ts';
import { rollout } from './rollout.ts';

const taskStatus = z.enum(TASK_STATUSES);
const time = z.iso.datetime().nullable();

const counts = z.object({
  total: z.number(),
  ...(Object.fromEntries(NODE_STATUSES.map((status) => [status, z.number()])) as Record<
    (typeof NODE_STATUSES)[number],
    z.ZodNumber
  >),
});

export const task = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.literal('run'),
    pool: z.string().nullable(),
    template: z.string().describe("the template's name"),
    status: taskStatus,
    reason: z.string().describe('one sentence for a person; empty when there is nothing to say'),
    startedBy: z.string(),
    createdAt: z.iso.datetime(),
    startedAt: time,
    finishedAt: time,
    nodes: counts,
    batches: z.object({ total: z.number(), done: z.number() }),
    rollout,
    temporal: z.object({ workflowId: z.string(), runId: z.string().nullable(), url: z.string().nullable() }),
  })
  .meta({ id: 'Task' });

export const submission = z
  .strictObject({
    name: z.string().optional().describe('unique; made from the template name when not given'),
    template: z.unknown().describe('a template, as in a template file'),
    nodes: z.unknown().describe('nodes, as in a nodes file, or a list of addresses'),
    params: z.record(z.string(), z.string()).optional(),
    rollout: z.unknown().optional().describe("over the template's own, key by key"),
    startedBy: z.string().max(200).optional(),
  })
  .meta({ id: 'Submission' });

export const taskFilter = z.strictObject({
  status: taskStatus.optional(),
  pool: z.string().optional(),
  template: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().optional().describe('`next` of the page before'),
});

export const taskList = z
  .object({
    items: z.array(task).describe('newest first'),
    next: z.string().nullable().describe('cursor of the next page; null on the last'),
  })
  .meta({ id: 'TaskList' });

export const byName = z.object({ name: z.string().describe("the task's name") });

export type TaskFilter = z.output<typeof taskFilter>;
