import { z } from 'zod';
import { NODE_STATUSES, TASK_STATUSES } from '../../model/status.ts';
import { TASK_KINDS } from '../../model/task.ts';
import { documents, nodesOfFile } from './catalogue-documents.ts';
import { described } from './described.ts';
import { poolAction } from './pool-actions.ts';
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
    number: z.int().nullable().describe('counted from 1; null until a worker has taken the task up'),
    name: z.string(),
    title: z.string().describe('for people, not unique; the name when there is no other'),
    kind: z.enum(TASK_KINDS).describe('run: a template over nodes; else what was done with the pool'),
    pool: z.string().nullable(),
    template: z.string().describe("the template's name"),
    templateVersion: z.int().nullable().describe('of a template that was asked for by name; else null'),
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

// The model checks them in depth, and names each problem's place.
const template = described(z.strictObject(documents.template));

export const submission = z
  .strictObject({
    name: z.string().optional().describe('unique; made from the template name when not given'),
    template: template.optional().describe('a template, as in a template file'),
    templateName: z
      .string()
      .optional()
      .describe('in its place one of the catalogue, as `web`; `web@3` is its version 3'),
    nodes: nodesOfFile
      .optional()
      .describe('nodes, as in a nodes file, or a list of addresses; with `pool` names of its nodes'),
    pool: z.string().optional().describe('a pool of the catalogue: all of its nodes, or those named'),
    do: poolAction.optional().describe('what to do with the pool, by its own template for that; in place of nodes'),
    now: z.boolean().optional().describe('refuse (409 `busy`), in place of waiting, when another task has the pool'),
    params: z.record(z.string(), z.string()).optional(),
    rollout: z.unknown().optional().describe("over the template's own, key by key"),
    startedBy: z.string().max(200).optional(),
  })
  .meta({ id: 'Submission' });

const texts = z.record(z.string(), z.string());

/** A task as it would be started. */
export const taskSpec = z
  .object({
    name: z.string(),
    template: z
      .unknown()
      .describe('complete: the actions of the catalogue in place of the names of its steps; durations in ms'),
    nodes: z.array(z.unknown()).describe('as in a nodes file'),
    params: texts,
    rollout: z.unknown().optional().describe("over the template's own, key by key"),
    startedBy: z.string().optional(),
  })
  .meta({ id: 'TaskSpec' });

export const taskFilter = z.strictObject({
  status: taskStatus.optional(),
  pool: z.string().optional(),
  template: z.string().optional().describe("the template's name"),
  search: z.string().optional().describe('in name or title, without regard to upper and lower case'),
  sort: z
    .enum(['createdAt', '-createdAt', 'name', '-name', 'finishedAt', '-finishedAt'])
    .default('-createdAt')
    .describe('by finishedAt, tasks that have not ended are later than all others'),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().optional().describe('`next` of the page before, with the same sort'),
});

export const taskList = z
  .object({
    items: z.array(task).describe('in the order asked for'),
    next: z.string().nullable().describe('cursor of the next page; null on the last'),
  })
  .meta({ id: 'TaskList' });

export const byName = z.object({ name: z.string().describe("the task's name") });

export type TaskFilter = z.output<typeof taskFilter>;
