import { describe, expect, it } from 'vitest';
import { cronOf, readCron } from '../../../model/cron/cron.ts';

const problemsOf = (line: string) => {
  const read = readCron(line);
  return 'problems' in read ? read.problems : [];
};
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("a crontab's line", () => {
  it('has five fields: values, lists, ranges, steps, names', () => {
    expect(cronOf(' 0,30\t8-10   1-31/10 jan,Mar-may,12 MON-fri ')).toEqual({
      ...{ minutes: [0, 30], hours: [8, 9, 10], days: [1, 11, 21, 31], months: [1, 3, 4, 5, 12] },
      ...{ weekDays: [1, 2, 3, 4, 5], eitherDay: true, isFixed: true },
    });
    expect(cronOf('*/20 * * * *')).toMatchObject({ minutes: [0, 20, 40], hours: range(0, 23), days: range(1, 31) });
    expect(cronOf('5,1-3,2 0 * * *')).toMatchObject({ minutes: [1, 2, 3, 5] });
  });

  it('takes 0 and 7 for Sunday', () => {
    expect(cronOf('0 0 * * 7')).toMatchObject({ weekDays: [0] });
    expect(cronOf('0 0 * * 5-7')).toMatchObject({ weekDays: [0, 5, 6] });
    expect(cronOf('0 0 * * sat-sun')).toMatchObject({ weekDays: [0, 6] });
    expect(cronOf('0 0 * * 0-7')).toMatchObject({ weekDays: range(0, 6) });
    expect(cronOf('0 0 * * */2')).toMatchObject({ weekDays: [0, 2, 4, 6] });
  });

  it('takes either of two restricted day fields; one that begins with * restricts nothing', () => {
    const either = (line: string) => cronOf(line) as { eitherDay: boolean };
    expect(either('0 0 13 * 5').eitherDay).toBe(true);
    for (const line of ['0 0 13 * *', '0 0 * * 5', '0 0 */2 * 5', '0 0 13 * */2', '0 0 * * *'])
      expect(either(line).eitherDay).toBe(false);
  });

  it('is a fixed time when neither minute nor hour begins with *', () => {
    const fixed = (line: string) => cronOf(line) as { isFixed: boolean };
    expect(fixed('0 0-23 * * *').isFixed).toBe(true);
    for (const line of ['* 2 * * *', '*/5 2 * * *', '0 * * * *', '0 */2 * * *', '@hourly'])
      expect(fixed(line).isFixed).toBe(false);
  });

  it('may be a word', () => {
    for (const [word, line] of [
      ['@yearly', '0 0 1 1 *'],
      ['@annually', '0 0 1 1 *'],
      ['@monthly', '0 0 1 * *'],
      ['@Weekly', '0 0 * * 0'],
      ['@daily', '0 0 * * *'],
      ['@midnight', '0 0 * * *'],
      ['@hourly', '0 * * * *'],
    ] as const)
      expect(cronOf(word)).toEqual(cronOf(line));
  });

  it('may be an interval of whole seconds', () => {
    expect(cronOf('@every 5s')).toEqual({ every: 5000 });
    expect(cronOf('@every 2h')).toEqual({ every: 7_200_000 });
    expect(cronOf('@every 1.5m')).toEqual({ every: 90_000 });
    for (const line of ['@every', '@every 0s', '@every 500ms', '@every 1.5s', '@every 5', '@every 9000h'])
      expect(problemsOf(line)).toMatchObject([{ expected: expect.stringContaining('whole seconds') as unknown }]);
  });

  it('is refused with the field, what it has, and what it may have', () => {
    for (const [line, message, expected] of [
      ['', 'is empty', /five fields/],
      ['0 8 * *', 'has 4 fields', /five fields/],
      ['0 0 8 * * 1', 'has 6 fields', /five fields/],
      ['60 8 * * *', 'minute has "60"', /^0 to 59/],
      ['0 24 * * *', 'hour has "24"', /^0 to 23/],
      ['0 8 0 * *', 'day of month has "0"', /^1 to 31/],
      ['0 8 * foo *', 'month has "foo"', /^1 to 12 or jan to dec/],
      ['0 8 * * 8', 'day of week has "8"', /^0 to 7 or sun to sat/],
      ['0 8 * * mondays', 'day of week has "mondays"', /sun to sat/],
      ['-5 8 * * *', 'minute has "-5"', /0 to 59/],
      ['1.5 8 * * *', 'minute has "1.5"', /0 to 59/],
      ['*/0 8 * * *', 'minute has "*/0"', /step of 1 or more/],
      ['*/x 8 * * *', 'minute has "*/x"', /steps/],
      ['5/10 8 * * *', 'minute has "5/10"', /5-59\/10/],
      ['0 22-2 * * *', 'hour has "22-2"', /from less to more/],
      ['0 1-2-3 * * *', 'hour has "1-2-3"', /0 to 23/],
      ['0 8,,9 * * *', 'hour has ""', /0 to 23/],
      ['*-5 8 * * *', 'minute has "*-5"', /0 to 59/],
      ['0~9 8 * * *', 'minute has "0~9"', /~ would pick a random one/],
      ['0 8 L * *', 'day of month has "L"', /1 to 31/],
      ['0 8 ? * 1', 'day of month has "?"', /1 to 31/],
      ['@reboot', 'is @reboot: a schedule has no machine that would start', /five fields/],
      ['@often', 'is "@often"', /@hourly, @daily/],
      ['@daily 5', 'is "@daily 5"', /@hourly, @daily/],
      ['0 0 30 2 *', 'never comes: no month of it has that day', /a day that there is/],
      ['0 0 31 4,6 */2', 'never comes: no month of it has that day', /a day/],
    ] as const)
      expect([line, problemsOf(line)]).toEqual([
        line,
        [{ message, expected: expect.stringMatching(expected) as unknown }],
      ]);
  });

  it('is told all that is wrong with it', () => {
    expect(problemsOf('60 8,25,26 * * x').map(({ message }) => message)).toEqual([
      ...['minute has "60"', 'hour has "25"', 'hour has "26"', 'day of week has "x"'],
    ]);
  });

  it('may have a day that only some of its months, or only one of its day fields, has', () => {
    expect(problemsOf('0 0 31 2,3 *')).toEqual([]);
    expect(problemsOf('0 0 30 2 1')).toEqual([]);
    expect(problemsOf('0 0 29 2 *')).toEqual([]);
  });
});
