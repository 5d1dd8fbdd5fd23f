import { badInput } from '../failure.ts';
import { readParams } from './params.ts';
import { Problems } from './problems.ts';

/** What of the options says what is done; exactly one. */
export interface ScheduleAmounts {
  expandBy?: string | undefined;
  expandTo?: string | undefined;
  shrinkBy?: string | undefined;
  shrinkTo?: string | undefined;
  deploy?: true | undefined;
}

const WHICH = 'exactly one of --expand-by N, --expand-to N, --shrink-by N, --shrink-to N, --deploy';

/** What a schedule does, as its document has it. Throws a failure, or Invalid, that names the options. */
export function readScheduled(
  { expandBy, expandTo, shrinkBy, shrinkTo, deploy }: ScheduleAmounts,
  param: readonly string[],
): { action: object; params: Record<string, string> } {
  const actions = [
    ...(expandBy === undefined ? [] : [{ expand: { by: whole('--expand-by', expandBy) } }]),
    ...(expandTo === undefined ? [] : [{ expand: { to: whole('--expand-to', expandTo) } }]),
    ...(shrinkBy === undefined ? [] : [{ shrink: { by: whole('--shrink-by', shrinkBy) } }]),
    ...(shrinkTo === undefined ? [] : [{ shrink: { to: whole('--shrink-to', shrinkTo) } }]),
    ...(deploy ? [{ deploy: {} }] : []),
  ];
  const [action, ...others] = actions;
  if (!action || others.length > 0) throw badInput(`what is it to do? Say ${WHICH}`);
  const problems = new Problems();
  const params = readParams(param, problems);
  problems.throwIfAny();
  return { action, params };
}

function whole(option: string, text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw badInput(`${option} ${text}: expected a whole number`);
}
