import { cronOf, type CronCalendar } from './cron.ts';
import { DAY, dayOf, isItsDay, LONGEST_CHANGE, timesOf } from './days.ts';
import { Zone } from './zone.ts';

/** No schedule looks further ahead. */
const LAST = Date.UTC(2100, 0, 1);

/** The next `n` times after `from` (ms since 1970) that a line of a crontab comes in a time zone; fewer when there are no more. */
export function nextRuns(line: string, timezone: string, from: number, n: number): number[] {
  const runs: number[] = [];
  for (const at of runsAfter(line, timezone, from)) {
    if (runs.length === n) break;
    runs.push(at);
  }
  return runs;
}

/** Those from one time to another, both included; no more than `most`. */
export function runsBetween(line: string, timezone: string, from: number, to: number, most = Infinity): number[] {
  const runs: number[] = [];
  for (const at of runsAfter(line, timezone, from - 1)) {
    if (at > to || runs.length === most) break;
    runs.push(at);
  }
  return runs;
}

/**
 * As cron(8) has them: what falls into an hour that the clock skips comes at the first instant after it; in an hour that the
 * clock repeats a fixed time comes once, at the first; lines with `*` for the minute or the hour go by the clock as it is.
 */
function* runsAfter(line: string, timezone: string, from: number): Generator<number> {
  const cron = cronOf(line);
  if ('every' in cron) {
    yield* multiplesAfter(cron.every, from);
    return;
  }
  const zone = new Zone(timezone);
  let last = from;
  for (let day = dayOf(zone.local(from)) - DAY; day < LAST; day += DAY) {
    if (!isItsDay(cron, day)) continue;
    for (const at of runsOfDay(cron, zone, day)) {
      if (at <= last) continue;
      yield at;
      last = at;
    }
  }
}

function* multiplesAfter(every: number, from: number): Generator<number> {
  for (let at = (Math.floor(from / every) + 1) * every; at < LAST; at += every) yield at;
}

/** Ascending, each instant once. */
function runsOfDay(cron: CronCalendar, zone: Zone, day: number): number[] {
  const offsets = zone.offsetsAround(day);
  const [offset = 0] = offsets;
  if (offsets.length === 1) return timesOf(cron, day).map((local) => local - offset);
  const runs = timesOf(cron, day).flatMap((local) => runsAt(cron, zone, local, offsets));
  return [...new Set(runs)].sort((a, b) => a - b);
}

function runsAt({ isFixed }: CronCalendar, zone: Zone, local: number, offsets: number[]): number[] {
  const instants = zone.instants(local, offsets);
  if (!isFixed) return instants;
  if (instants.length > 0) return isShort(offsets) ? instants.slice(0, 1) : instants;
  const [change] = zone.changes(local - 2 * DAY, local + 2 * DAY);
  return change && isShort(offsets) ? [change.at] : [];
}

function isShort([before = 0, after = before]: number[]): boolean {
  return Math.abs(after - before) <= LONGEST_CHANGE;
}
