import { z } from 'zod';
import { OVERLAPS } from '../../model/catalogue/document.ts';
import { CHOICES } from '../../model/pool/pool.ts';

/** What a schedule's document has, and what is told of one besides. */

const text = z.string();
const time = z.iso.datetime({ offset: true });
const by = z.int().min(1).max(1000);
const to = z.int().min(0).max(100_000);
const choose = z.enum(CHOICES).optional();
const names = z.array(text).min(1);

const action = z
  .union([
    z.strictObject({ expand: z.union([z.strictObject({ by }), z.strictObject({ to })]) }),
    z.strictObject({
      shrink: z.union([
        z.strictObject({ by, choose }),
        z.strictObject({ to, choose }),
        z.strictObject({ nodes: names }),
      ]),
    }),
    z.strictObject({
      deploy: z.strictObject({
        nodes: names.optional(),
        params: z.record(text, text).optional().describe("the schedule's `params`"),
      }),
    }),
    z.strictObject({ scale: z.strictObject({ to, of: z.enum(['all', 'scheduled']).optional(), choose }) }),
  ])
  .describe('what is done with the pool each time');

const duration = z
  .union([text.regex(/^\d+(\.\d+)?(ms|s|m|h)$/), z.int().min(10_000)])
  .describe('`30s`, `5m`, `2h`; a number is ms');

/** `name`, `params` and `rollout` as in other documents. */
export function scheduleDocument<Name extends z.ZodType, Rollout extends z.ZodType>(name: Name, rollout: Rollout) {
  return {
    ...{ name, desc: text.optional(), pool: text.describe("the pool's name") },
    cron: text.describe('a line of a crontab, as `0 8 * * 1-5`, or `@daily` and the like; or `@every 30s`'),
    timezone: text.optional().describe('of the IANA database, as `Asia/Shanghai`; default `UTC`'),
    do: action,
    params: z.record(text, z.union([text, z.number(), z.boolean()])).optional(),
    rollout: rollout.optional(),
    overlap: z
      .enum(OVERLAPS)
      .optional()
      .describe('when the task before has not ended: `skip` (default) the time, `queue` it, or `allow` both'),
    catchUp: duration.optional().describe('times missed for not longer than this are made up for; default 1m'),
  };
}

const note = text.describe('why it is paused');
const paused = z.boolean().nullable().describe('null: Temporal does not have it yet, or does not answer');

export const inList = {
  ...{ paused, note },
  nextRun: time.nullable().describe("in its time zone's time; null: there is none"),
};

export const alone = {
  ...{ paused, note },
  nextRuns: z.array(time).describe("in its time zone's time; while it is paused they come to nothing"),
  running: z.array(text).describe('tasks of it that have not ended; with `allow` Temporal does not keep track'),
  recentRuns: z
    .array(z.object({ task: text, scheduledAt: z.iso.datetime(), startedAt: z.iso.datetime().describe('by Temporal') }))
    .describe('the newest first, about ten'),
  skippedRuns: z.int().describe('times that were left out because the task before had not ended'),
  missedRuns: z.int().describe('times that were missed for longer than `catchUp`'),
};

export const pauseBody = z.strictObject({ note: text.max(500).optional().describe('why') }).nullish();

export const backfillBody = z.strictObject({
  from: time,
  to: time.describe('both included'),
  overlap: z
    .enum(OVERLAPS)
    .optional()
    .describe('`queue` (default): one after another; `allow`: all at once, to wait for their turn in the pool'),
});

export const triggered = z.object({ task: text.describe('its name; `GET /api/v1/tasks/NAME`') });
export const backfilled = z.object({ runs: z.int().describe('times that the schedule had from one to the other') });
