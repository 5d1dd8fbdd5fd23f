import { z } from 'zod';
import { documents, inPool, inTemplate, name, reachOfPool } from './catalogue-documents.ts';
import { listQueries } from './catalogue-query.ts';
import { described } from './described.ts';
import { alone, inList } from './schedule.ts';

const time = z.iso.datetime();
const count = z.int().min(0);

/** What every thing of the catalogue has, besides what its document says. */
const row = {
  id: z.int(),
  version: z.int().min(1).describe('grows with every change; what `ETag` shows'),
  createdAt: time,
  updatedAt: time,
};

const optionalText = z.string().optional();
const paramsAndNode = {
  labels: z.record(z.string(), z.string()).optional(),
  params: z.record(z.string(), z.string()).optional(),
};

const poolNode = z
  .looseObject({
    name: z.string(),
    address: z.string(),
    providerId: z.string().nullable().describe("the vendor's id of the machine"),
    status: z.enum(['new', 'ok', 'failed']).describe('how the last task over it went; new: there was none'),
    drained: z.boolean().describe('out of rotation'),
    joinedAt: time,
    ...paramsAndNode,
  })
  .meta({ id: 'PoolNode' });

const summaryOfPool = {
  ...{ name, desc: optionalText, service: z.string(), ...row },
  provider: inPool.provider.describe('where its machines come from; null: nowhere, it has the nodes that it was given'),
  limits: inPool.limits.optional(),
  onFailure: inPool.onFailure.optional(),
  dependsOn: inPool.dependsOn.optional(),
  autoscale: inPool.autoscale.optional(),
  count: count.describe('nodes'),
  templates: z.record(z.string(), z.string()).optional(),
  ssh: reachOfPool.optional(),
  opendcp: z.record(z.string(), z.unknown()).optional(),
};

const scheduleRead = {
  ...{ ...documents.schedule, ...row },
  ...{ do: described(documents.schedule.do), rollout: inTemplate.rollout.optional() },
};

/** Things as they are read one by one. */
const views = {
  cluster: z.object({ ...documents.cluster, ...row }).meta({ id: 'Cluster' }),
  service: z.object({ ...documents.service, ...row }).meta({ id: 'Service' }),
  action: z
    .looseObject({ name, desc: optionalText, params: inTemplate.params.optional(), ...row })
    .describe('with one of shell, script, docker, copy, check, wait; none: it has no implementation yet')
    .meta({ id: 'Action' }),
  step: z.object({ ...documents.step, ...row }).meta({ id: 'Step' }),
  template: z
    .object({
      ...{ name, description: optionalText, ...row },
      ...{ params: inTemplate.params.optional(), steps: inTemplate.steps, rollout: inTemplate.rollout.optional() },
    })
    .meta({ id: 'Template' }),
  pool: z
    .object({
      ...summaryOfPool,
      nodes: z.array(poolNode),
      queue: z
        .array(z.object({ name: z.string(), status: z.string(), reason: z.string() }))
        .describe('tasks: the one that has the pool, then those that wait for it, in their order'),
      unreleased: z
        .array(
          z.object({
            providerId: z.string().describe("the vendor's id"),
            task: z.string().nullable().describe('that it was made for'),
            reason: z.string(),
          }),
        )
        .describe('machines that may cost money and are no nodes; `POST /api/v1/pools/NAME/release` gives them back'),
    })
    .meta({ id: 'Pool' }),
  schedule: z.object({ ...scheduleRead, ...alone }).meta({ id: 'Schedule' }),
} as const;

/** Things as they are listed: what may be long is left out. */
const summaries = {
  ...views,
  template: z
    .object({
      ...{ name, description: optionalText, ...row },
      paramNames: z.array(z.string()),
      stepNames: z.array(z.string()),
    })
    .meta({ id: 'TemplateSummary' }),
  pool: z.object(summaryOfPool).meta({ id: 'PoolSummary' }),
  schedule: z.object({ ...scheduleRead, ...inList }).meta({ id: 'ScheduleSummary' }),
} as const;

/** Bodies of POST. Checked by the model, which names each problem's place. */
const bodies = {
  cluster: described(z.strictObject(documents.cluster), 'ClusterDocument'),
  service: described(z.strictObject(documents.service), 'ServiceDocument'),
  action: described(z.strictObject(documents.action), 'ActionDocument'),
  step: described(z.strictObject(documents.step), 'StepDocument'),
  template: described(z.strictObject(documents.template), 'TemplateDocument'),
  pool: described(z.strictObject(documents.pool), 'PoolDocument'),
  schedule: described(z.strictObject(documents.schedule), 'ScheduleDocument'),
} as const;

const unnamed = { name: name.optional().meta({ description: 'as in the URL, or left out' }) };

/** Bodies of PUT. */
const edits = {
  cluster: described(z.strictObject({ ...documents.cluster, ...unnamed }), 'ClusterEdit'),
  service: described(z.strictObject({ ...documents.service, ...unnamed }), 'ServiceEdit'),
  action: described(z.strictObject({ ...documents.action, ...unnamed }), 'ActionEdit'),
  step: described(z.strictObject({ ...documents.step, ...unnamed }), 'StepEdit'),
  template: described(z.strictObject({ ...documents.template, ...unnamed }), 'TemplateEdit'),
  pool: described(z.strictObject({ ...documents.pool, ...unnamed }), 'PoolEdit'),
  schedule: described(z.strictObject({ ...documents.schedule, ...unnamed }), 'ScheduleEdit'),
} as const;

/** All of a kind. */
export const schemasOf = <Of extends keyof typeof views>(kind: Of) => ({
  body: bodies[kind],
  edit: edits[kind],
  view: views[kind],
  summary: summaries[kind],
  query: listQueries[kind],
});

export const templateVersions = z
  .object({ items: z.array(z.object({ version: z.int(), at: time, by: z.string().describe('who made it') })) })
  .meta({ id: 'TemplateVersions' });

export const templateVersion: z.ZodType<object> = z
  .object({
    ...{ name, description: optionalText, version: z.int(), at: time, by: z.string() },
    ...{ params: inTemplate.params.optional(), steps: inTemplate.steps, rollout: inTemplate.rollout.optional() },
  })
  .meta({ id: 'TemplateVersion' });

export const poolNodePage = z
  .object({ items: z.array(poolNode), page: z.int(), page_size: z.int(), total: count })
  .meta({ id: 'PoolNodePage' });

export const nodesAdded = z.object({ nodes: z.array(poolNode), count: count.describe('nodes the pool has now') });
export const nodesRemoved = z.object({ removed: z.array(z.string()), count: count.describe('nodes the pool has now') });
export const nodeNames = z.strictObject({ names: z.array(z.string()).min(1) });
