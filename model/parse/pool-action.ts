import * as z from 'zod';
import { CHOICES, type PoolAction } from '../pool/pool.ts';
import { exactlyOne, listOf, object, optional, text, whatever, wholeNumber } from './shapes.ts';
import { validate, withoutUndefined } from './validate.ts';

/** Machines that one task makes at most: more are another task. */
export const MOST_AT_ONCE = 1000;

const by = wholeNumber(1, MOST_AT_ONCE, `how many, 1 to ${MOST_AT_ONCE}`);
const to = wholeNumber(0, 100_000, 'how many there are to be, 0 to 100000');
const names = listOf(text, 'one name at least');
const choose = optional(z.enum(CHOICES));

const amount = { by: optional(by), to: optional(to) };

const ACTIONS = ['expand', 'shrink', 'deploy', 'scale', 'release'];

/** What a task does with a pool: exactly one of the keys. */
export const poolAction = object({
  expand: optional(object(amount).refine(...exactlyOne(['by', 'to']))),
  shrink: optional(
    object({ ...amount, nodes: optional(names), choose })
      .refine(...exactlyOne(['by', 'to', 'nodes']))
      .refine((shrink) => shrink.nodes === undefined || shrink.choose === undefined, {
        when: whatever,
        path: ['choose'],
        error: 'stands beside nodes, which are chosen then',
        params: { expected: 'one of nodes and choose' },
      }),
  ),
  deploy: optional(object({ nodes: optional(names) })),
  scale: optional(object({ to, of: optional(z.enum(['all', 'scheduled'])), choose })),
  release: optional(object({ machines: optional(names) })),
})
  .refine(...exactlyOne(ACTIONS))
  .transform((value): PoolAction => value as PoolAction);

/** Throws Invalid. */
export function parsePoolAction(value: unknown): PoolAction {
  return validate(poolAction, withoutUndefined(value));
}
