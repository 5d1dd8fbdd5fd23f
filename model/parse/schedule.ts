import * as z from 'zod';
import { OVERLAPS, type ScheduledAction } from '../catalogue/document.ts';
import { readCron } from '../cron/cron.ts';
import { isTimezone } from '../cron/zone.ts';
import type { PoolAction } from '../pool/pool.ts';
import { poolAction } from './pool-action.ts';
import { rollout } from './rollout.ts';
import { duration, given, mapOf, name, optional, scalar, TITLE, TITLE_SHAPE } from './shapes.ts';
import { wrong } from './validate.ts';

/** A line of a crontab, with every problem of its fields. Blanks around and between the fields are written as one. */
const cron = z.unknown().transform((value, context) => {
  const read =
    typeof value === 'string' ? readCron(value) : { problems: [{ message: wrong(value), expected: 'text' }] };
  if ('cron' in read) return String(value).trim().split(/\s+/).join(' ');
  for (const { message, expected } of read.problems)
    context.addIssue({ code: 'custom', message, params: { expected }, input: value });
  return z.NEVER;
});

const timezone = scalar('a time zone of the IANA database, as Europe/Berlin, Asia/Shanghai or UTC', (value) =>
  typeof value === 'string' && isTimezone(value) ? value : undefined,
);

const action = poolAction.transform((value: PoolAction, context): ScheduledAction => {
  if (!('release' in value)) return value;
  const expected = 'one of expand, shrink, deploy, scale';
  context.addIssue({ code: 'custom', message: 'is release', params: { expected }, input: value });
  return z.NEVER;
});

/** Temporal makes up for nothing later than that, and no schedule should. */
const WEEK = 7 * 24 * 3_600_000;
const catchUp = duration.refine((ms) => ms >= 10_000 && ms <= WEEK, {
  error: 'is too short or too long',
  params: { expected: 'a duration from 10s to 168h' },
});

/** The keys of a schedule, besides those that every kind of thing has. */
export const scheduleShape = {
  pool: name('the name of a pool', TITLE, TITLE_SHAPE),
  cron,
  timezone: optional(timezone),
  do: action,
  params: optional(mapOf(given)),
  rollout: optional(rollout),
  overlap: optional(z.enum(OVERLAPS)),
  catchUp: optional(catchUp),
};

/** `do: { deploy: { params } }` is another way to write a schedule's `params`. */
export function withDeployParams(value: unknown): unknown {
  if (!isObject(value) || !isObject(value['do']) || !isObject(value['do']['deploy'])) return value;
  const { params, ...deploy } = value['do']['deploy'];
  if (params === undefined || value['params'] !== undefined) return value;
  return { ...value, do: { ...value['do'], deploy }, params };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
