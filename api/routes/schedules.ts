import type { FastifyRequest } from 'fastify';
import { SCHEDULE } from '../../model/catalogue/document.ts';
import { runsBetween } from '../../model/cron/next-runs.ts';
import { Invalid } from '../../model/parse/problem.ts';
import { NoSuchReference } from '../../store/catalogue/errors.ts';
import type { ScheduleFilter, ScheduleRow } from '../../store/catalogue/types.ts';
import { recorded } from '../access/recorded.ts';
import { afterChange } from '../after-change.ts';
import type { App } from '../app.ts';
import type { Parts, Schedules } from '../parts.ts';
import { schemasOf } from '../schemas/catalogue.ts';
import { byName } from '../schemas/catalogue-query.ts';
import { anyError } from '../schemas/error.ts';
import { backfillBody, backfilled, pauseBody, triggered } from '../schemas/schedule.ts';
import { scheduleBesides, scheduleSummaries, scheduleViews } from '../views/schedules.ts';
import { found, thingRoutes, type KindOfThing } from './catalogue/kind.ts';

const SCHEDULES: KindOfThing<ScheduleRow, ScheduleFilter> = {
  kind: 'schedule',
  plural: 'schedules',
  reader: (reads) => reads.schedules,
  writer: (edit) => edit.schedules,
  schemas: schemasOf('schedule'),
  views: scheduleViews,
  besides: scheduleBesides,
  isFollowed: true,
  filter: async ({ pools }, { pool: name }) => {
    if (name === undefined) return {};
    const pool = await pools.named(name);
    if (!pool) throw new NoSuchReference('pool', 'pool', name);
    return { poolId: pool.id };
  },
  // Whether it is paused and what it has started is Temporal's.
  isVersioned: false,
};

export function scheduleRoutes(app: App, parts: Parts): void {
  thingRoutes(app, parts, { ...SCHEDULES, summaries: scheduleSummaries(parts) });
  steerRoutes(app, parts);
  startRoutes(app, parts);
}

type Steering = Pick<FastifyRequest<{ Params: { name: string } }>, 'params' | 'actor'>;

/** Tells Temporal what is to become of a schedule, with its entry in the audit. */
async function told<Result>(
  parts: Parts,
  { actor, params }: Steering,
  what: string,
  tell: (schedules: Schedules, row: ScheduleRow) => Promise<Result>,
  asked: object = {},
): Promise<{ row: ScheduleRow; result: Result }> {
  const row = await found(SCHEDULES, parts.store.catalogue, params.name);
  const entry = { action: `schedule.${what}`, kind: 'schedule', name: row.name, after: asked };
  const { schedules } = parts.drover;
  const result = await recorded(parts, { actor }, entry, async () => {
    // One that was saved while Temporal was away is made before it is told something.
    if (!(await schedules.state(row.name))) await afterChange(parts);
    return tell(schedules, row);
  });
  return { row, result };
}

async function shown(parts: Parts, row: ScheduleRow): Promise<object> {
  const [view] = await scheduleViews(parts.store.catalogue, [row]);
  return { ...view, ...(await scheduleBesides(parts, row)) };
}

function steerRoutes(app: App, parts: Parts): void {
  const answers = { params: byName, response: { 200: SCHEDULES.schemas.view, ...anyError }, tags: ['schedules'] };
  app.post(
    '/api/v1/schedules/:name/pause',
    {
      config: { access: 'operator' },
      schema: { summary: 'Start nothing until it is resumed; what runs goes on', ...answers, body: pauseBody },
    },
    async (request) => {
      const note = request.body?.note || `by ${request.actor.name || 'somebody'}`;
      const { row } = await told(parts, request, 'pause', (schedules, { name }) => schedules.pause(name, note), {
        note,
      });
      return shown(parts, row);
    },
  );
  app.post(
    '/api/v1/schedules/:name/resume',
    {
      config: { access: 'operator' },
      schema: { summary: 'Go on with the next time; those that came meanwhile are left out', ...answers },
    },
    async (request) => {
      const { row } = await told(parts, request, 'resume', (schedules, { name }) => schedules.resume(name));
      return shown(parts, row);
    },
  );
}

function startRoutes(app: App, parts: Parts): void {
  app.post(
    '/api/v1/schedules/:name/trigger',
    {
      config: { access: 'operator' },
      schema: {
        ...{ summary: 'Start its task now, paused or not', tags: ['schedules'], params: byName },
        response: { 200: triggered, ...anyError },
      },
    },
    async (request) => {
      const { result } = await told(parts, request, 'trigger', (schedules, { name }) => schedules.trigger(name));
      return { task: result };
    },
  );
  app.post(
    '/api/v1/schedules/:name/backfill',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Start what it would have started in a span of time',
        ...{ tags: ['schedules'], params: byName, body: backfillBody },
        response: { 200: backfilled, ...anyError },
      },
    },
    async (request) => {
      const { from, to, overlap } = request.body;
      const span = { from: new Date(from), to: new Date(to), ...(overlap && { overlap }) };
      const { result } = await told(
        parts,
        request,
        'backfill',
        async (schedules, row) => {
          const runs = runsIn(row, span);
          await schedules.backfill(row.name, span);
          return runs;
        },
        request.body,
      );
      return { runs: result };
    },
  );
}

/** Tasks that one request starts at most. */
const MOST_RUNS = 100;

/** How many times a schedule has in a span. Throws Invalid for none, and for too many. */
function runsIn({ cron, timezone }: ScheduleRow, { from, to }: { from: Date; to: Date }): number {
  const zone = timezone || SCHEDULE.timezone;
  const runs = runsBetween(cron, zone, from.getTime(), to.getTime(), MOST_RUNS + 1).length;
  if (runs === 0)
    throw new Invalid([
      { path: 'to', message: 'the schedule has no time from one to the other', expected: 'a span that has one' },
    ]);
  if (runs > MOST_RUNS)
    throw new Invalid([
      {
        path: 'to',
        message: `the schedule has more than ${MOST_RUNS} times from one to the other`,
        expected: 'a shorter span',
      },
    ]);
  return runs;
}
