import type { RolloutSpec } from '../../model/rollout.ts';
import { parseRollout } from '../../model/parse/index.ts';
import type { Problems } from './problems.ts';

export interface RolloutOptions {
  batch?: string[] | undefined;
  order?: string | undefined;
  lanes?: string | undefined;
  canary?: string | undefined;
  bake?: string | undefined;
  maxFailures?: string | undefined;
  onBudget?: string | undefined;
}

/** What the options say of the rollout, checked. Undefined when they say nothing. */
export function readRollout(options: RolloutOptions, problems: Problems): RolloutSpec | undefined {
  const { batch, order, lanes, canary, bake, maxFailures, onBudget } = options;
  const listed = batch && batch.length > 0 ? batch.join(',') : undefined;
  const given = Object.entries({ batch: listed, order, lanes, canary, bake, maxFailures, onBudget })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, whole(value)]);
  if (given.length === 0) return undefined;
  return problems.take(() => parseRollout(Object.fromEntries(given)), optionOf);
}

function whole(value: unknown): unknown {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}

/** `maxFailures` → `--max-failures`. */
function optionOf(path: string): string {
  return `--${path.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
