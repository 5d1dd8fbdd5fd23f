import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { msToTs, requiredTsToMs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { scheduleSpec } from '../../client/schedule-spec.ts';
import { runsBetween } from '../../model/cron/next-runs.ts';

let client: Client;
beforeAll(async () => {
  client = new Client({ connection: await Connection.connect({ address: inject('shared').temporal.address }) });
});
afterAll(() => client.connection.close());

const HOUR = 3_600_000;

type Span = readonly [from: number, until: number];

/** When Temporal's server would start a schedule of the line in spans of time, seconds since 1970. */
async function matchingTimes(line: string, timezone: string, ...spans: Span[]): Promise<number[]> {
  const scheduleId = `spec/${randomUUID()}`;
  const schedule = await client.schedule.create({
    scheduleId,
    spec: scheduleSpec(line, timezone, spans[0]?.[0] ?? 0),
    action: { type: 'startWorkflow', workflowType: 'nothing', taskQueue: 'nobody' },
    state: { paused: true },
  });
  const times: number[] = [];
  for (const span of spans) times.push(...(await listed(scheduleId, span)));
  await schedule.delete();
  return times;
}

async function listed(scheduleId: string, [from, until]: Span): Promise<number[]> {
  const span = { startTime: msToTs(from), endTime: msToTs(until) };
  const request = { namespace: 'default', scheduleId, ...span };
  const { startTime } = await client.workflowService.listScheduleMatchingTimes(request);
  return startTime.map((time) => requiredTsToMs(time, 'startTime') / 1000);
}

/** When crontab has it. */
function crontabTimes(line: string, timezone: string, ...spans: Span[]): number[] {
  // Temporal's list is without its beginning.
  const times = spans.flatMap(([from, until]) => runsBetween(line, timezone, from + 1, until));
  return times.map((at) => at / 1000);
}

const iso = (seconds: number[]) => seconds.map((second) => new Date(second * 1000).toISOString());

/** Both changes of the clock, where there are any. */
const ZONES: Record<string, string[]> = {
  'Europe/Berlin': ['2026-10-25T01:00:00Z', '2027-03-28T01:00:00Z'],
  'America/New_York': ['2026-11-01T06:00:00Z', '2027-03-14T07:00:00Z'],
  'Australia/Lord_Howe': ['2026-10-03T15:30:00Z', '2027-04-03T15:00:00Z'],
  'America/Havana': ['2026-11-01T05:00:00Z', '2027-03-14T05:00:00Z'],
  'Asia/Shanghai': ['2026-10-24T18:00:00Z'],
};

const LINES = [
  '30 2 * * *',
  '0,15,30,45 0-3 * * *',
  '*/15 * * * *',
  '*/30 2 * * *',
  '0 * * * *',
  '0 */2 * * *',
  '@daily',
  '20 2 25,28 * 0',
  '45 1 * apr,oct-nov sun',
];

it.each(Object.entries(ZONES))(
  "Temporal's server starts a schedule when crontab has it, across the changes of the clock in %s",
  async (zone, changes) => {
    const spans = changes.map((at): Span => [Date.parse(at) - 30 * HOUR, Date.parse(at) + 30 * HOUR]);
    for (const line of LINES) {
      // To the minute: in the hours around a change they come a second later.
      const minutes = (await matchingTimes(line, zone, ...spans)).map((at) => at - (at % 60));
      expect([line, iso(minutes)]).toEqual([line, iso(crontabTimes(line, zone, ...spans))]);
    }
  },
);

it('on the days that crontab has: either of two day fields, unless one begins with *', async () => {
  const span: Span = [Date.UTC(2026, 10, 1), Date.UTC(2027, 2, 1)];
  const lines = ['30 4 1,15 * 5', '0 0 */10 * 1', '0 12 13 * *', '0 12 * */3 1-5', '0 0 29 2 7', '@monthly'];
  for (const line of lines)
    expect([line, iso(await matchingTimes(line, 'Asia/Shanghai', span))]).toEqual([
      line,
      iso(crontabTimes(line, 'Asia/Shanghai', span)),
    ]);
});

it('in equal intervals', async () => {
  const span: Span = [Date.UTC(2026, 10, 1, 0, 0, 1), Date.UTC(2026, 10, 1, 0, 1)];
  expect(await matchingTimes('@every 7s', 'UTC', span)).toEqual(crontabTimes('@every 7s', 'UTC', span));
});

it('with what is special told only where the line comes near a change of the clock', () => {
  const now = Date.UTC(2026, 10, 1);
  const spec = scheduleSpec('30 2 * * *', 'Europe/Berlin', now);
  expect([spec.calendars?.length, spec.skip?.length, spec.intervals?.length]).toEqual([1, 2, 2]);
  expect(scheduleSpec('30 8 * * *', 'Europe/Berlin', now)).toMatchObject({ skip: [], intervals: [] });
});
