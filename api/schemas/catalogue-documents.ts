import { z } from 'zod';
import { described } from './described.ts';
import { growth, grown } from './pool-document.ts';
import { scheduleDocument } from './schedule.ts';

/** What documents of the catalogue look like, in and out. */

const text = z.string();
const flag = z.boolean();
const written = z.union([text, z.number(), flag]);
const texts = z.record(text, written);
const duration = z
  .union([text.regex(/^\d+(\.\d+)?(ms|s|m|h)$/), z.int().min(0)])
  .describe('`500ms`, `30s`, `5m`, `2h`; a number is ms');
const countOrShare = z.union([z.int().min(0), text.regex(/^\d{1,3}(\.\d+)?%$/)]);

// The length in the description alone: zod counts UTF-16 units, the model and JSON Schema characters.
export const name = text.meta({
  description: 'up to 100 characters of any script; unique without regard to upper and lower case',
  maxLength: 100,
});
const desc = text.optional();

const param = z.strictObject({
  description: text.optional(),
  type: text.optional().describe('for people: `string`, `integer` or what else describes it'),
  required: flag.optional(),
  default: written.optional(),
  raw: flag.optional().describe('may be used as `{{{name}}}`: put into a command as it is, without quotes'),
});
const params = z.record(text, param);

const commandOptions = {
  env: texts.optional(),
  cwd: text.optional(),
  sudo: z.union([flag, text]).optional(),
  stdin: text.optional(),
  idempotent: flag.optional(),
  okExitCodes: z.array(z.int().min(0).max(255)).optional(),
};
const object = z.record(text, z.unknown());

/** Exactly one of them. */
const body = {
  shell: z.union([text, z.strictObject({ run: text, ...commandOptions })]).optional(),
  script: z
    .union([text, z.strictObject({ content: text, args: z.array(written).optional(), ...commandOptions })])
    .optional(),
  docker: object
    .optional()
    .describe('`{pull: IMAGE}`, `{run: {image, …}}`, `stop`, `start`, `restart`, `rm`, `exec`, `login`, `prune`'),
  copy: object.optional().describe('`{dest, content | base64 | file: {sha256, size}, mode, owner, sudo}`'),
  check: object.optional().describe('`{http | tcp | shell, status, from, within, interval}`'),
  wait: duration.optional(),
};

const step = z.strictObject({
  name: text.optional().describe('that of the step used, when not given'),
  use: text.optional().describe('a step of the catalogue, in place of `actions`'),
  actions: z.array(z.strictObject(body)).optional(),
  params: texts.optional().describe('for this step alone'),
  timeout: duration.optional(),
  retry: z
    .strictObject({ times: z.int().min(0).max(1000), delay: duration })
    .partial()
    .optional(),
  onError: z.enum(['fail', 'ignore']).optional(),
});

const rollout = z
  .strictObject({
    batch: z.union([countOrShare, z.array(countOrShare)]),
    order: z.enum(['step', 'node']),
    lanes: z.int().min(1).max(1000),
    bake: duration,
    canary: z.int().min(0),
    maxFailures: countOrShare,
    onBudget: z.enum(['pause', 'stop', 'continue']),
  })
  .partial();

const reach = {
  port: z.int().min(1).max(65_535).optional(),
  user: text.optional(),
  identityFile: text.optional(),
  knownHosts: text.optional(),
  via: text.optional().describe('jump host: `[user@]host[:port]`'),
  hostKeys: z.enum(['strict', 'first-use']).optional(),
};
const labels = { labels: texts.optional(), params: texts.optional() };
const node = z.union([text, z.strictObject({ name: text.optional(), address: text, ...reach, ...labels })]);

const nodes = z.union([
  z.array(node),
  z.strictObject({ defaults: z.strictObject({ ...reach, ...labels }).optional(), nodes: z.array(node) }),
]);

/** As a nodes file, or a list of addresses. */
export const nodesOfFile = described(nodes);

export const documents = {
  cluster: { name, desc, biz: text.optional() },
  service: { name, desc, cluster: text.describe("the cluster's name"), type: text.optional(), image: text.optional() },
  action: {
    ...{ name, desc, params: params.optional(), ...body },
    implementation: z
      .unknown()
      .optional()
      .describe("in place of an action: one in OpenDCP's form that has no counterpart here"),
  },
  step: { name, desc, actions: z.array(text).describe('names of actions') },
  template: {
    ...{ name, description: text.optional(), params: params.optional() },
    ...{ steps: z.array(step), rollout: rollout.optional() },
  },
  pool: {
    ...{ name, desc, service: text.describe("the service's name") },
    templates: z.record(text, text).optional().describe('names of templates by purpose: `expand`, `shrink`, `deploy`'),
    ssh: z.strictObject(reach).optional().describe('how its nodes are reached, where they do not say otherwise'),
    nodes: z.array(node).optional().describe('left out: whatever nodes the pool has stay'),
    ...growth(z.array(node)),
    opendcp: object.optional().describe("what only OpenDCP's clients ask for: `{vmType, sdId, tasks}`"),
  },
  schedule: scheduleDocument(name, rollout),
} as const;

export const anyDocument = described(
  z.union([
    z.strictObject({ kind: z.literal('cluster'), ...documents.cluster }),
    z.strictObject({ kind: z.literal('service'), ...documents.service }),
    z.strictObject({ kind: z.literal('action'), ...documents.action }),
    z.strictObject({ kind: z.literal('step'), ...documents.step }),
    z.strictObject({ kind: z.literal('template'), ...documents.template }),
    z.strictObject({ kind: z.literal('pool'), ...documents.pool }),
    z.strictObject({ kind: z.literal('schedule'), ...documents.schedule }),
  ]),
  'Document',
);

export const inTemplate = { params: described(params), steps: described(z.array(step)), rollout: described(rollout) };
export const inPool = grown(z.array(node));
export const reachOfPool = described(z.strictObject(reach));
