import type { CalendarSpec, DayOfWeek, IntervalSpec, LooseRange, Month, ScheduleSpec } from '@temporalio/client';
import { changedHours, type ChangedHours } from '../model/cron/clock-changes.ts';
import { cronOf, type CronCalendar } from '../model/cron/cron.ts';
import { DAY, dayOf, HOUR } from '../model/cron/days.ts';
import { Zone } from '../model/cron/zone.ts';

const MONTHS: readonly Month[] = [
  ...(['JANUARY', 'FEBRUARY', 'MARCH', 'APRIL', 'MAY', 'JUNE'] as const),
  ...(['JULY', 'AUGUST', 'SEPTEMBER', 'OCTOBER', 'NOVEMBER', 'DECEMBER'] as const),
];
const WEEK_DAYS: readonly DayOfWeek[] = [
  ...(['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const),
];

/** Changes of the clock within so long are in a spec; a spec is made anew every day. */
const AHEAD = 400 * DAY;

/**
 * A line of a crontab as Temporal takes it. A calendar of Temporal's matches by all its fields at once, so that a line with
 * two restricted day fields is two. Around a change of the clock it matches by the clock's hands, and, where the change is
 * not of an hour, at midnight or east of Greenwich, not even that (service/worker/scheduler/calendar.go): for the changes
 * ahead of `now` (ms since 1970) the hours around are left out, and the times in them are told one by one.
 */
export function scheduleSpec(line: string, timezone: string, now: number): ScheduleSpec {
  const cron = cronOf(line);
  if ('every' in cron) return { intervals: [{ every: cron.every }] };
  const [from, until] = [dayOf(now) - 2 * DAY, dayOf(now) + AHEAD];
  const zone = new Zone(timezone);
  const offsets = new Set([zone.offset(from), ...zone.changes(from, until).map(({ after }) => after)]);
  const hourly = offsets.size > 1 ? hourlyIntervals(cron, offsets) : undefined;
  if (hourly) return { intervals: hourly };
  const changed = changedHours(line, timezone, from, until);
  return {
    timezone,
    calendars: calendarsOf(cron, line),
    skip: changed.flatMap((hours) => hoursByDay(hours, line)),
    intervals: changed.flatMap(({ runs }) => runs.map(once)),
  };
}

function calendarsOf({ eitherDay, ...cron }: CronCalendar, line: string): CalendarSpec[] {
  const time = { minute: rangesOf(cron.minutes, 0, 59), hour: rangesOf(cron.hours, 0, 23) };
  const month = namedRanges(cron.months, 1, 12, (value) => MONTHS[value - 1]);
  const dayOfMonth = { dayOfMonth: rangesOf(cron.days, 1, 31) };
  const dayOfWeek = { dayOfWeek: namedRanges(cron.weekDays, 0, 6, (value) => WEEK_DAYS[value]) };
  const days = eitherDay ? [dayOfMonth, dayOfWeek] : [{ ...dayOfMonth, ...dayOfWeek }];
  return days.map((day) => ({ ...time, month, ...day, comment: line }));
}

/** A line that comes in every hour of every day, where the zone's clock is changed by whole hours. */
function hourlyIntervals(cron: CronCalendar, offsets: ReadonlySet<number>): IntervalSpec[] | undefined {
  const { minutes, hours, days, months, weekDays } = cron;
  const isAlways = hours.length === 24 && days.length === 31 && months.length === 12 && weekDays.length === 7;
  const [within, ...others] = new Set([...offsets].map((offset) => modulo(offset, HOUR)));
  if (!isAlways || within === undefined || others.length > 0) return undefined;
  const step = HOUR / minutes.length;
  const isEven = minutes.every((minute, i) => (minute - (minutes[0] ?? 0)) * 60_000 === i * step);
  const [every, starts] = isEven ? [step, minutes.slice(0, 1)] : [HOUR, minutes];
  return starts.map((minute) => ({ every, offset: modulo(minute * 60_000 - within, every) }));
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}

function hoursByDay({ from, until }: ChangedHours, line: string): CalendarSpec[] {
  const calendars: CalendarSpec[] = [];
  for (let day = dayOf(from); day < until; day += DAY) {
    const start = Math.max(from, day) - day;
    const end = Math.min(until, day + DAY) - day;
    const hour = { start: start / HOUR, end: end / HOUR - 1 };
    calendars.push({ ...dateOf(day), hour, minute: '*', comment: `${line}: the clock is changed; see the intervals` });
  }
  return calendars;
}

function dateOf(local: number): CalendarSpec {
  const date = new Date(local);
  const month = MONTHS[date.getUTCMonth()];
  return { year: date.getUTCFullYear(), ...(month && { month }), dayOfMonth: date.getUTCDate() };
}

/**
 * One instant, a second late, as the full minute is what is left out: the first of an interval that is counted from 1970; the
 * second is half a century ahead. (An `offset` would not do: the server passes over the first time of one that is to come.)
 */
function once(at: number): IntervalSpec {
  return { every: at + 1000 };
}

type Ranges<Unit> = LooseRange<Unit>[] | '*';

function rangesOf(values: readonly number[], least: number, most: number): Ranges<number> {
  return namedRanges(values, least, most, (value) => value);
}

/** All of them as `*`, in equal steps as a range with a step, else one by one. */
function namedRanges<Unit>(
  values: readonly number[],
  least: number,
  most: number,
  unit: (value: number) => Unit | undefined,
): Ranges<Unit> {
  if (values.length === most - least + 1) return '*';
  const [first = least, second = first] = values;
  const [start, end] = [unit(first), unit(values.at(-1) ?? first)];
  const isEven = values.length > 2 && values.every((value, i) => value === first + i * (second - first));
  if (isEven && start !== undefined && end !== undefined) return [{ start, end, step: second - first }];
  return values.map(unit).filter((value) => value !== undefined);
}
