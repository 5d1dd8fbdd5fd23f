import { describe, expect, it } from 'vitest';
import { cronOf, type CronCalendar } from '../../../model/cron/cron.ts';
import { isItsDay } from '../../../model/cron/days.ts';
import { runsBetween } from '../../../model/cron/next-runs.ts';
import { Zone } from '../../../model/cron/zone.ts';
import { random } from '../random.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * What cronie's main loop (src/cron.c) does, minute by minute: `virtual` is the local minute up to which fixed times have been
 * looked after. What it would run several times at one moment is told once.
 */
function cronie(cron: CronCalendar, minutes: readonly { at: number; local: number }[]): number[] {
  const matches = (minute: number) => {
    const time = new Date(minute * MINUTE);
    const isTime = cron.minutes.includes(time.getUTCMinutes()) && cron.hours.includes(time.getUTCHours());
    return isTime && isItsDay(cron, minute * MINUTE);
  };
  const runs: number[] = [];
  let virtual = (minutes[0]?.local ?? 0) - 1;
  for (const { at, local } of minutes) {
    const ahead = local - virtual;
    if (ahead > 180 || ahead < -180) {
      virtual = local;
      if (matches(local)) runs.push(at);
    } else if (ahead > 0) {
      const missed = Array.from({ length: ahead }, (_, i) => virtual + 1 + i);
      virtual = local;
      if (cron.isFixed ? missed.some(matches) : matches(local)) runs.push(at);
    } else if (!cron.isFixed && matches(local)) runs.push(at);
  }
  return runs;
}

/** A line that comes in the first hours of a day; now and then on one that counts. */
function someLine({ below, pick }: ReturnType<typeof random>): string {
  const minutes = [`${below(60)}`, `${below(30)},${30 + below(30)}`, '*/15', '*', `0-${10 + below(40)}/7`];
  const hours = [`${below(4)}`, '0-3', '*', '*/2', `${below(3)},22-23`];
  const days = ['*', '*', '*/2', `${1 + below(31)}`];
  return `${pick(minutes)} ${pick(hours)} ${pick(days)} * ${pick(['*', '*', '0', '6-7', '*/3'])}`;
}

describe.each([
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['Europe/Berlin', '2027-03-28T01:00:00Z'],
  ['America/New_York', '2026-11-01T06:00:00Z'],
  ['America/New_York', '2027-03-14T07:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
  ['Australia/Lord_Howe', '2027-04-03T15:00:00Z'],
  ['America/Havana', '2026-11-01T05:00:00Z'],
  ['America/Havana', '2027-03-14T05:00:00Z'],
  ['Asia/Shanghai', '2027-03-14T05:00:00Z'],
])('in %s, around %s', (name, change) => {
  it('lines come when cronie has them', () => {
    const zone = new Zone(name);
    const [from, until] = [Date.parse(change) - 30 * HOUR, Date.parse(change) + 30 * HOUR];
    const minutes = Array.from({ length: (until - from) / MINUTE }, (_, i) => {
      const at = from + i * MINUTE;
      return { at, local: zone.local(at) / MINUTE };
    });
    const chance = random(Date.parse(change) / HOUR);
    for (let i = 0; i < 60; i++) {
      const line = someLine(chance);
      const cron = cronOf(line);
      if ('every' in cron) throw new Error('an interval');
      const iso = (times: number[]) => times.map((at) => new Date(at).toISOString());
      expect([line, iso(runsBetween(line, name, from, until - 1))]).toEqual([line, iso(cronie(cron, minutes))]);
    }
  });
});
