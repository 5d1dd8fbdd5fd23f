import * as z from 'zod';
import { parsePath } from '../json-path.ts';
import { AUTOSCALE, type AutoscaleSpec, type Metric } from '../pool/pool.ts';
import { SECRETIVE } from '../pool/secrets.ts';
import { secretsIn } from '../secret.ts';
import {
  duration,
  exactlyOne,
  given,
  mapOf,
  object,
  optional,
  scalar,
  someDuration,
  text,
  whatever,
  wholeNumber,
} from './shapes.ts';
import { validate, withoutUndefined } from './validate.ts';

/** Checks how a pool is scaled by its load, and fills in the defaults. Takes its own output, too. Throws Invalid. */
export function parseAutoscale(value: unknown): AutoscaleSpec {
  return validate(autoscale, withoutUndefined(value));
}

const url = scalar('an address as http://prometheus.example.net:9090, without user and password', (value) =>
  typeof value === 'string' && isPlainUrl(value) ? value : undefined,
);

const path = scalar('a path to a number in the reply, as data.load[0] or data["load.1m"]', (value) =>
  typeof value === 'string' && value !== '' && parsePath(value) ? value : undefined,
);

/** A header's name as RFC 9110 has it. */
const HEADER = { pattern: /^[\w!#$%&'*+.^`|~-]{1,100}$/, expected: 'the name of an HTTP header' };

/** Documents are kept in git, shown by the API, and written to the audit: no token stands in them. */
const headers = mapOf(given, HEADER).superRefine((values, context) => {
  for (const [name, value] of Object.entries(values)) {
    if (!SECRETIVE.test(name) || secretsIn(value).length > 0) continue;
    const expected = '"Bearer {{secret:NAME}}" or the like: a secret that the worker knows by this name';
    context.addIssue({ code: 'custom', path: [name], message: 'is a secret in plain text', params: { expected } });
  }
});

const source = { url, headers: optional(headers) };

const metric = object({
  prometheus: optional(object({ ...source, query: text })),
  json: optional(object({ ...source, path })),
})
  .refine(...exactlyOne(['prometheus', 'json']))
  .transform(({ prometheus, json }, context): Metric => {
    if (prometheus) return { prometheus };
    if (json) return { json };
    context.addIssue({ code: 'custom', message: 'is missing' });
    return z.NEVER;
  });

const MOST = 100_000;
const nodes = (least: number) => wholeNumber(least, MOST, `a whole number of nodes, from ${least}`);

export const autoscale = object({
  metric,
  target: numberBetween(Number.MIN_VALUE, Number.MAX_VALUE, 'a number over 0'),
  min: nodes(0),
  max: nodes(1),
  step: object({ up: nodes(1).default(AUTOSCALE.step.up), down: nodes(1).default(AUTOSCALE.step.down) }).prefault({}),
  cooldown: object({
    up: duration.default(AUTOSCALE.cooldown.up),
    down: duration.default(AUTOSCALE.cooldown.down),
  }).prefault({}),
  of: z.enum(['average', 'total']).default(AUTOSCALE.of),
  tolerance: numberBetween(0, 1, 'a share of the target from 0 to 1, as 0.1').default(AUTOSCALE.tolerance),
  every: someDuration.default(AUTOSCALE.every),
})
  .refine(({ min, max }) => !(min > max), {
    when: whatever,
    path: ['min'],
    error: 'is more than max',
    params: { expected: 'at most max' },
  })
  .refine(({ min, of }) => min !== 0 || of === 'total', {
    when: whatever,
    path: ['min'],
    error: 'is 0: a pool without nodes has no average to grow by again',
    params: { expected: 'at least 1, or `of: total`' },
  }) satisfies z.ZodType<AutoscaleSpec>;

function numberBetween(least: number, most: number, expected: string) {
  return scalar(expected, (value) =>
    typeof value === 'number' && value >= least && value <= most ? value : undefined,
  );
}

function isPlainUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
}
