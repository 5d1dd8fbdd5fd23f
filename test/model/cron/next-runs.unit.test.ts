import { describe, expect, it } from 'vitest';
import { nextRuns } from '../../../model/cron/next-runs.ts';
import { isTimezone, Zone } from '../../../model/cron/zone.ts';

/** The next times as ISO text with the zone's offset, without what is the same in all of them. */
function runs(line: string, timezone: string, from: string, n: number): string[] {
  const zone = new Zone(timezone);
  return nextRuns(line, timezone, Date.parse(from), n).map((at) => {
    const offset = zone.offset(at) / 60_000;
    const two = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, '0');
    const local = new Date(at + offset * 60_000).toISOString().slice(0, 19).replace(/:00$/, '');
    return `${local}${offset < 0 ? '-' : '+'}${two(offset / 60)}:${two(Math.abs(offset) % 60)}`;
  });
}

describe('the next runs', () => {
  it('are those after a time, in the time zone', () => {
    expect(runs('0 8 * * 1-5', 'Asia/Shanghai', '2026-11-20T00:00:00Z', 3)).toEqual([
      ...['2026-11-23T08:00+08:00', '2026-11-24T08:00+08:00', '2026-11-25T08:00+08:00'],
    ]);
    expect(runs('*/20 * * * *', 'UTC', '2026-12-31T23:39:59Z', 3)).toEqual([
      ...['2026-12-31T23:40+00:00', '2027-01-01T00:00+00:00', '2027-01-01T00:20+00:00'],
    ]);
    expect(runs('30 4 1,15 * 5', 'UTC', '2026-11-01T04:30:00Z', 5)).toEqual([
      ...['2026-11-06T04:30+00:00', '2026-11-13T04:30+00:00', '2026-11-15T04:30+00:00'],
      ...['2026-11-20T04:30+00:00', '2026-11-27T04:30+00:00'],
    ]);
  });

  it('are on days that both day fields have when one begins with *', () => {
    expect(runs('0 0 */10 * 1', 'UTC', '2026-01-01T00:00:00Z', 2)).toEqual([
      ...['2026-05-11T00:00+00:00', '2026-06-01T00:00+00:00'],
    ]);
  });

  it('wait for years, and are none when there are none before 2100', () => {
    expect(runs('0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', 2)).toEqual([
      ...['2028-02-29T00:00+00:00', '2032-02-29T00:00+00:00'],
    ]);
    expect(runs('0 0 29 2 *', 'UTC', '2096-03-01T00:00:00Z', 2)).toEqual([]);
  });

  it('of an interval are counted from 1970 on', () => {
    expect(nextRuns('@every 7s', 'Europe/Berlin', 14_000, 3)).toEqual([21_000, 28_000, 35_000]);
    expect(nextRuns('@every 7s', 'UTC', 13_999, 1)).toEqual([14_000]);
  });
});

describe('when the clock is put forward', () => {
  it('a fixed time that it skips comes at the first instant after it, once', () => {
    expect(runs('30 2 * * *', 'Europe/Berlin', '2027-03-27T12:00:00Z', 2)).toEqual([
      ...['2027-03-28T03:00+02:00', '2027-03-29T02:30+02:00'],
    ]);
    expect(runs('0,15,30 2 * * *', 'Europe/Berlin', '2027-03-27T12:00:00Z', 2)).toEqual([
      ...['2027-03-28T03:00+02:00', '2027-03-29T02:00+02:00'],
    ]);
    expect(runs('30 2 * * *', 'America/New_York', '2027-03-13T12:00:00Z', 1)).toEqual(['2027-03-14T03:00-04:00']);
    expect(runs('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00:00Z', 2)).toEqual([
      ...['2026-10-04T02:30+11:00', '2026-10-05T02:15+11:00'],
    ]);
  });

  it('a fixed time on either side of it comes as always', () => {
    expect(runs('59 1 * * *', 'Europe/Berlin', '2027-03-27T12:00:00Z', 1)).toEqual(['2027-03-28T01:59+01:00']);
    expect(runs('0 3 * * *', 'Europe/Berlin', '2027-03-27T12:00:00Z', 2)).toEqual([
      ...['2027-03-28T03:00+02:00', '2027-03-29T03:00+02:00'],
    ]);
    expect(runs('0 2,3 * * *', 'Europe/Berlin', '2027-03-27T12:00:00Z', 2)).toEqual([
      ...['2027-03-28T03:00+02:00', '2027-03-29T02:00+02:00'],
    ]);
  });

  it('a line with * for the minute or the hour leaves that hour out', () => {
    expect(runs('0 * * * *', 'Europe/Berlin', '2027-03-27T23:30:00Z', 3)).toEqual([
      ...['2027-03-28T01:00+01:00', '2027-03-28T03:00+02:00', '2027-03-28T04:00+02:00'],
    ]);
    expect(runs('*/30 2 * * *', 'Europe/Berlin', '2027-03-27T12:00:00Z', 1)).toEqual(['2027-03-29T02:00+02:00']);
  });

  it('at midnight the day begins later', () => {
    expect(runs('15 0 * * *', 'Asia/Beirut', '2027-03-27T12:00:00Z', 2)).toEqual([
      ...['2027-03-28T01:00+03:00', '2027-03-29T00:15+03:00'],
    ]);
  });

  it('by a day, what would have been on it is left out', () => {
    expect(runs('0 12 * * *', 'Pacific/Apia', '2011-12-29T00:00:00Z', 2)).toEqual([
      ...['2011-12-29T12:00-10:00', '2011-12-31T12:00+14:00'],
    ]);
  });
});

describe('when the clock is put back', () => {
  it('a fixed time that it shows twice comes once, at the first', () => {
    expect(runs('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
      ...['2026-10-25T02:30+02:00', '2026-10-26T02:30+01:00'],
    ]);
    expect(runs('0,30 1,2 * * *', 'America/New_York', '2026-11-01T04:30:00Z', 4)).toEqual([
      ...['2026-11-01T01:00-04:00', '2026-11-01T01:30-04:00', '2026-11-01T02:00-05:00', '2026-11-01T02:30-05:00'],
    ]);
    expect(runs('45 1 * * *', 'Australia/Lord_Howe', '2027-04-03T00:00:00Z', 2)).toEqual([
      ...['2027-04-04T01:45+11:00', '2027-04-05T01:45+10:30'],
    ]);
  });

  it('a line with * for the minute or the hour comes at both', () => {
    expect(runs('0 * * * *', 'Europe/Berlin', '2026-10-24T23:30:00Z', 3)).toEqual([
      ...['2026-10-25T02:00+02:00', '2026-10-25T02:00+01:00', '2026-10-25T03:00+01:00'],
    ]);
    expect(runs('*/30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 4)).toEqual([
      ...['2026-10-25T02:00+02:00', '2026-10-25T02:30+02:00', '2026-10-25T02:00+01:00', '2026-10-25T02:30+01:00'],
    ]);
  });

  it('just after the first of two, it does not come again', () => {
    expect(runs('30 2 * * *', 'Europe/Berlin', '2026-10-25T00:30:00Z', 1)).toEqual(['2026-10-26T02:30+01:00']);
    expect(runs('30 2 * * *', 'Europe/Berlin', '2026-10-25T00:29:59Z', 1)).toEqual(['2026-10-25T02:30+02:00']);
  });
});

it('a zone that never changes its clock has nothing to correct', () => {
  expect(runs('30 2 * * *', 'Asia/Shanghai', '2026-10-24T12:00:00Z', 2)).toEqual([
    ...['2026-10-25T02:30+08:00', '2026-10-26T02:30+08:00'],
  ]);
});

it('a time zone is one of the IANA database, written as there', () => {
  for (const zone of ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/Argentina/Ushuaia', 'Etc/GMT+5', 'GB-Eire'])
    expect([zone, isTimezone(zone)]).toEqual([zone, true]);
  for (const zone of ['', 'europe/berlin', 'Berlin', 'Mars/Olympus', '+01:00', 'GMT+1x', 'Europe/Berlin ', '../etc'])
    expect([zone, isTimezone(zone)]).toEqual([zone, false]);
});
