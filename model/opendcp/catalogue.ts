import * as z from 'zod';
import { Invalid } from '../parse/problem.ts';

/**
 * The catalogue of an orion, in the shapes of its API: what its lists answer, together in one object. `nodes_by_pool` has the
 * pools' ids as keys.
 */
export type OpendcpCatalogue = z.output<typeof catalogue>;

const id = z.int().min(1);
const text = z.string().default('');
const map = z.record(z.string(), z.json()).nullable().default(null);

const retry = z.object({ retry_times: z.int().default(0), ignore_error: z.boolean().default(false) }).nullable();
const step = z.object({ name: z.string(), param_values: map, retry: retry.default(null) });

const catalogue = z.object({
  clusters: z.array(z.object({ id, name: z.string(), desc: text, biz: text })).default([]),
  services: z
    .array(z.object({ id, name: z.string(), desc: text, service_type: text, docker_image: text, cluster_id: z.int() }))
    .default([]),
  pools: z
    .array(
      z.object({
        id,
        name: z.string(),
        desc: text,
        vm_type: z.int().default(0),
        sd_id: z.int().default(0),
        tasks: map,
        service_id: z.int(),
      }),
    )
    .default([]),
  nodes_by_pool: z
    .record(
      z.string(),
      z.array(z.object({ id, ip: z.string(), vm_id: text, status: z.int().default(0), node_type: text })),
    )
    .default({}),
  actions: z.array(z.object({ id, name: z.string(), desc: text, params: map })).default([]),
  actimpls: z.array(z.object({ id, type: text, action_id: z.int(), template: map })).default([]),
  remote_steps: z
    .array(z.object({ id, name: z.string(), desc: text, actions: z.array(z.string()).nullable().default(null) }))
    .default([]),
  templates: z
    .array(z.object({ id, name: z.string(), desc: text, steps: z.array(step).nullable().default(null) }))
    .default([]),
});

const SECTIONS = Object.keys(catalogue.shape);

/** Checks an orion's catalogue; other keys are left alone. Throws Invalid. */
export function parseOpendcpCatalogue(value: unknown): OpendcpCatalogue {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject || !SECTIONS.some((section) => section in value))
    throw new Invalid([
      { path: '', message: 'is no catalogue of OpenDCP', expected: `an object with ${SECTIONS.join(', ')}` },
    ]);
  const { success, data, error } = catalogue.safeParse(value);
  if (success) return data;
  throw new Invalid(error.issues.map(({ path, message }) => ({ path: path.join('.'), message })));
}
