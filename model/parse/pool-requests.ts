import { CHOICES, type PoolAction } from '../pool/pool.ts';
import type { RolloutSpec } from '../rollout.ts';
import * as z from 'zod';
import { MOST_AT_ONCE } from './pool-action.ts';
import { rollout } from './rollout.ts';
import {
  anyText,
  exactlyOne,
  flag,
  given,
  listOf,
  mapOf,
  name,
  NAME,
  NAME_SHAPE,
  object,
  optional,
  text,
  whatever,
  wholeNumber,
} from './shapes.ts';
import { validate, withoutUndefined } from './validate.ts';

/** What is asked of a pool by name of the action: the same as a task with `do`, in fewer words. */
export interface PoolRequest {
  do: PoolAction;
  params?: Record<string, string>;
  rollout?: RolloutSpec;
  name?: string;
  now?: boolean;
  startedBy?: string;
}

const count = wholeNumber(1, MOST_AT_ONCE, `how many, 1 to ${MOST_AT_ONCE}`);
const to = wholeNumber(0, 100_000, 'how many there are to be, 0 to 100000');
const names = listOf(text, 'one name at least');

const common = {
  params: optional(mapOf(given)),
  rollout: optional(rollout),
  name: optional(name('a name for the task', NAME, NAME_SHAPE)),
  now: optional(flag),
  startedBy: optional(anyText),
};

const schemas = {
  expand: object({ count: optional(count), to: optional(to), ...common })
    .refine(...exactlyOne(['count', 'to']))
    .transform(({ count: by, to: upTo, ...task }) => ({ do: { expand: amount(by, upTo) }, ...task })),

  shrink: object({
    ...{ count: optional(count), to: optional(to), nodes: optional(names) },
    ...{ choose: optional(z.enum(CHOICES)), ...common },
  })
    .refine(...exactlyOne(['count', 'to', 'nodes']))
    .refine(({ nodes, choose }) => nodes === undefined || choose === undefined, {
      ...{ when: whatever, path: ['choose'], error: 'stands beside nodes, which are chosen then' },
      params: { expected: 'one of nodes and choose' },
    })
    .transform(({ count: by, to: downTo, nodes, choose, ...task }) => ({
      do: { shrink: { ...amount(by, downTo), ...(nodes && { nodes }), ...(choose && { choose }) } },
      ...task,
    })),

  deploy: object({ nodes: optional(names), ...common }).transform(({ nodes, ...task }) => ({
    do: { deploy: nodes ? { nodes } : {} },
    ...task,
  })),

  release: object({ machines: optional(names), ...common }).transform(({ machines, ...task }) => ({
    do: { release: machines ? { machines } : {} },
    ...task,
  })),
} satisfies Record<string, z.ZodType<PoolRequest>>;

export type PoolVerb = keyof typeof schemas;

/** Throws Invalid. */
export function parsePoolRequest(verb: PoolVerb, value: unknown): PoolRequest {
  return validate<z.ZodType<PoolRequest>>(schemas[verb], withoutUndefined(value));
}

/** Where a problem of a task with `do` stands in such a request. */
export function placeInRequest(path: string): string {
  return path.replace(/^do(\.\w+)?\.?/, '').replace(/^by$/, 'count');
}

function amount(by: number | undefined, upTo: number | undefined): { by?: number; to?: number } {
  return { ...(by !== undefined && { by }), ...(upTo !== undefined && { to: upTo }) };
}
