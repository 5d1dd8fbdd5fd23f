import type { CronCalendar } from './cron.ts';

const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Changes of the clock of up to this are daylight saving to cron(8), others are corrections, with the new time used at once. */
export const LONGEST_CHANGE = 3 * HOUR;

/** Whether the line comes on the day of a local time. */
export function isItsDay({ days, months, weekDays, eitherDay }: CronCalendar, local: number): boolean {
  const date = new Date(local);
  if (!months.includes(date.getUTCMonth() + 1)) return false;
  const isDay = days.includes(date.getUTCDate());
  const isWeekDay = weekDays.includes(date.getUTCDay());
  return eitherDay ? isDay || isWeekDay : isDay && isWeekDay;
}

/** The local times of a day that begins then at which the line comes. */
export function timesOf({ hours, minutes }: CronCalendar, day: number): number[] {
  return hours.flatMap((hour) => minutes.map((minute) => day + (hour * 60 + minute) * MINUTE));
}

export function dayOf(local: number): number {
  return Math.floor(local / DAY) * DAY;
}

/** The local times from one to another, without that, at which the line comes. */
export function timesBetween(cron: CronCalendar, from: number, until: number): number[] {
  const times: number[] = [];
  for (let day = dayOf(from); day < until; day += DAY) if (isItsDay(cron, day)) times.push(...timesOf(cron, day));
  return times.filter((local) => local >= from && local < until);
}
