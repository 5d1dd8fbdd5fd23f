import * as z from 'zod';
import { ON_FAILURE } from '../pool/pool.ts';
import { plainSecrets } from '../pool/secrets.ts';
import { autoscale } from './autoscale.ts';
import { provider as anyProvider } from './provider.ts';
import { countOrShare, SHARE_SHAPE } from './rollout.ts';
import { name as nameOf, object, optional, scalar, TITLE, TITLE_SHAPE, wholeNumber } from './shapes.ts';

/** A nodes file of this many is some megabytes. */
const MOST_NODES = 100_000;
const count = (least: number) => wholeNumber(least, MOST_NODES, `a whole number from ${least} to ${MOST_NODES}`);

/** Tokens and keys stand in no document: documents are kept in git, shown by the API, and written to the audit. */
const provider = anyProvider.superRefine((spec, context) => {
  for (const { path, expected } of plainSecrets(spec))
    context.addIssue({ code: 'custom', path, message: 'is a secret in plain text', params: { expected } });
});

const limits = object({
  min: optional(count(0)),
  max: optional(count(0)),
  minAvailable: optional(scalar(`${SHARE_SHAPE}, from 0, at most 100%`, (value) => countOrShare(value))),
}).refine(({ min = 0, max = MOST_NODES }) => min <= max, {
  error: 'min is more than max',
  params: { expected: 'min to be max at most' },
});

const MOST_RATIO = 1000;

const dependency = object({
  pool: nameOf('the name of a pool', TITLE, TITLE_SHAPE),
  ratio: number(`a number from 0 to ${MOST_RATIO}: nodes there for each new node here`, 0, MOST_RATIO),
  extra: count(0).default(0),
  before: nameOf('the name of a step of the expand template', TITLE, TITLE_SHAPE),
});

const dependsOn = z.array(dependency).check(({ value, issues }) => {
  const first = new Map<string, number>();
  value.forEach(({ pool }, i) => {
    const before = first.get(pool.toLowerCase());
    if (before === undefined) first.set(pool.toLowerCase(), i);
    else
      issues.push({
        ...{ code: 'custom', path: [i, 'pool'], message: `"${pool}" is number ${before + 1} of the list already` },
        ...{ params: { expected: 'each pool once' }, input: value },
      });
  });
});

/** What makes a pool grow and shrink. */
export const growth = {
  provider: optional(provider),
  limits: optional(limits),
  onFailure: optional(z.enum(ON_FAILURE)),
  dependsOn: optional(dependsOn),
  autoscale: optional(autoscale),
};

/** What of it does not go together; told beside what is wrong with its parts. */
export const goesTogether = z.check<Grown>(({ value, issues }) => {
  const { autoscale: auto, provider: from, limits: kept = {} } = value;
  if (!auto) return;
  const refuse = (message: string, expected: string, ...path: string[]) =>
    issues.push({ code: 'custom', path: ['autoscale', ...path], message, params: { expected }, input: auto });
  if (!from) refuse('is of a pool that has no provider', 'a provider, where its machines come from');
  if (auto.max > (kept.max ?? MOST_NODES)) refuse('is more than the limits have', `${kept.max} at most`, 'max');
  if (auto.min < (kept.min ?? 0)) refuse('is less than the limits have', `${kept.min} at least`, 'min');
});

type Grown = z.output<ReturnType<typeof object<typeof growth>>>;

function number(expected: string, least: number, most: number) {
  return scalar(expected, (value) =>
    typeof value === 'number' && value >= least && value <= most ? value : undefined,
  );
}
