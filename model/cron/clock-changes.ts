import { cronOf } from './cron.ts';
import { dayOf, DAY, HOUR, LONGEST_CHANGE, timesBetween } from './days.ts';
import { runsBetween } from './next-runs.ts';
import { Zone, type ClockChange } from './zone.ts';

/** Hours of local time around a change of the clock, whole, and the instants in them at which a line comes. */
export interface ChangedHours {
  from: number;
  until: number;
  runs: number[];
}

/** The hours around the changes of a zone's clock in a span of time, where a line comes in them. */
export function changedHours(line: string, timezone: string, from: number, until: number): ChangedHours[] {
  const cron = cronOf(line);
  if ('every' in cron) return [];
  return new Zone(timezone).changes(from, until).flatMap((change) => {
    if (Math.abs(change.after - change.before) > LONGEST_CHANGE) return [];
    const hours = around(change);
    if (timesBetween(cron, hours.from, hours.until).length === 0) return [];
    const [first, last] = [hours.from - change.before, hours.until - change.after];
    return [{ ...hours, runs: runsBetween(line, timezone, first, last - 1) }];
  });
}

/** An hour before and an hour after what is skipped or repeated; to the end of a day whose beginning is skipped. */
function around({ at, before, after }: ClockChange): { from: number; until: number } {
  const [early, late] = [at + Math.min(before, after), at + Math.max(before, after)];
  const skipsMidnight = after > before && dayOf(early - 1) !== dayOf(late - 1);
  return {
    from: Math.floor((early - HOUR) / HOUR) * HOUR,
    until: skipsMidnight ? dayOf(late) + DAY : Math.ceil((late + HOUR) / HOUR) * HOUR,
  };
}
