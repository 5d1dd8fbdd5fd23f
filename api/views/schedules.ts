import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { ScheduleState } from '../../client/schedules.ts';
import { SCHEDULE } from '../../model/catalogue/document.ts';
import { nextRuns } from '../../model/cron/next-runs.ts';
import { Zone } from '../../model/cron/zone.ts';
import { durationText } from '../../model/duration.ts';
import { scheduleDocument } from '../../store/catalogue/documents.ts';
import type { ScheduleRow } from '../../store/catalogue/types.ts';
import type { Parts } from '../parts.ts';
import { fieldsOf, namesOf, stamps, type Views } from './catalogue.ts';

/** Times that are told of one schedule. */
const NEXT = 5;
/** ms that Temporal is waited for; a schedule can be read without it. */
const PATIENCE = 3000;
/** Questions to Temporal at once. */
const AT_ONCE = 10;

/** Schedules as the catalogue has them, with what goes without saying. */
export const scheduleViews: Views<ScheduleRow> = async ({ pools }, rows) => {
  const names = await namesOf(
    rows.map(({ poolId }) => poolId),
    (id) => pools.get(id),
  );
  const usual = { ...SCHEDULE, catchUp: durationText(SCHEDULE.catchUp) };
  return rows.map((row) => ({
    ...usual,
    ...fieldsOf(scheduleDocument(row, names.get(row.poolId) ?? '')),
    ...stamps(row),
  }));
};

/** With whether they are paused and when they come next. */
export function scheduleSummaries(parts: Parts): Views<ScheduleRow> {
  return async (reads, rows) => {
    const [views, states] = await Promise.all([scheduleViews(reads, rows), statesOf(parts, rows)]);
    return views.map((view, i) => {
      const row = rows[i];
      const state = states[i];
      const [nextRun = null] = row ? nextTimes(row, 1) : [];
      return { ...view, paused: state?.paused ?? null, note: state?.note ?? '', nextRun };
    });
  };
}

/** What Temporal knows of a schedule, and when it comes next. */
export async function scheduleBesides(parts: Parts, row: ScheduleRow): Promise<object> {
  const [state] = await statesOf(parts, [row]);
  return {
    ...{ paused: state?.paused ?? null, note: state?.note ?? '', nextRuns: nextTimes(row, NEXT) },
    running: state?.running ?? [],
    recentRuns: (state?.recent ?? []).map(({ task, scheduledAt, startedAt }) => ({
      ...{ task, scheduledAt: scheduledAt.toISOString(), startedAt: startedAt.toISOString() },
    })),
    skippedRuns: state?.skipped ?? 0,
    missedRuns: state?.missed ?? 0,
  };
}

/** ISO 8601 with the zone's offset. */
function nextTimes({ cron, timezone }: ScheduleRow, count: number): string[] {
  const name = timezone || SCHEDULE.timezone;
  const zone = new Zone(name);
  return nextRuns(cron, name, Date.now(), count).map((at) => zone.text(at));
}

/** Undefined for those that Temporal does not have, and for all when it does not answer. */
async function statesOf(
  { drover, log }: Parts,
  rows: readonly ScheduleRow[],
): Promise<readonly (ScheduleState | undefined)[]> {
  const limit = pLimit(AT_ONCE);
  const asked = Promise.all(rows.map(({ name }) => limit(() => drover.schedules.state(name))));
  const answered = asked.catch((error: unknown) => {
    log.warn({ err: error }, 'Temporal does not tell the state of schedules');
    return [];
  });
  return await Promise.race([answered, delay(PATIENCE, [], { ref: false })]);
}
