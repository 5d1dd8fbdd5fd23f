import * as z from 'zod';
import type { CountOrShare, RolloutSpec } from '../rollout.ts';
import { duration, object, optional, wholeNumber } from './shapes.ts';
import { validate, withoutUndefined, wrong } from './validate.ts';

/** Checks what a caller says of a rollout. Throws Invalid. */
export function parseRollout(value: unknown): RolloutSpec {
  return validate(rollout, withoutUndefined(value));
}

export const SHARE_SHAPE = 'a count of nodes as 3 or a share as "20%"';

const batch = z.unknown().transform((value, context): CountOrShare | CountOrShare[] => {
  const listed = typeof value === 'string' && value.includes(',') ? value.split(',') : value;
  const sizes: CountOrShare[] = [];
  for (const part of Array.isArray(listed) && listed.length > 0 ? (listed as unknown[]) : [listed]) {
    const size = countOrShare(part);
    if (size !== undefined && amountOf(size) > 0) {
      sizes.push(size);
      continue;
    }
    const expected = `${SHARE_SHAPE}, over 0 and at most 100%, or several of them, the smallest of which counts`;
    context.addIssue({ code: 'custom', message: wrong(part), params: { expected }, input: value });
  }
  const [only, ...others] = sizes;
  return others.length === 0 && only !== undefined && !Array.isArray(value) ? only : sizes;
});

const maxFailures = z.unknown().transform((value, context): CountOrShare => {
  const most = countOrShare(value);
  if (most !== undefined) return most;
  const expected = `${SHARE_SHAPE}, from 0, at most 100%`;
  context.addIssue({ code: 'custom', message: wrong(value), params: { expected }, input: value });
  return z.NEVER;
});

export const rollout = object({
  batch: optional(batch),
  order: optional(z.enum(['step', 'node'])),
  lanes: optional(wholeNumber(1, 1000, 'a whole number from 1 to 1000')),
  bake: optional(duration),
  canary: optional(wholeNumber(0, Number.MAX_SAFE_INTEGER, 'a count of nodes as 1, or 0 for no canary')),
  maxFailures: optional(maxFailures),
  onBudget: optional(z.enum(['pause', 'stop', 'continue'])),
});

/** 3, "3" or "20%"; undefined for what is neither, for a fraction of a node and for more than all. */
export function countOrShare(value: unknown): CountOrShare | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const [, amount, percent] = /^(\d{1,15}|\d{1,3}\.\d{1,9}(?=%))(%?)$/.exec(value.trim()) ?? [];
  if (amount === undefined) return undefined;
  if (percent === '') return Number(amount);
  return Number(amount) <= 100 ? `${Number(amount)}%` : undefined;
}

function amountOf(value: CountOrShare): number {
  return typeof value === 'number' ? value : Number.parseFloat(value);
}
