import { milliseconds } from '../duration.ts';
import { readField, type FieldProblem, type FieldShape } from './field.ts';

/** When a schedule comes: as a line of a crontab says, or, which no crontab has, in equal intervals. */
export type Cron = CronCalendar | CronInterval;

export interface CronInterval {
  /** ms between two times, counted from 1970 on. */
  every: number;
}

/** Values of the five fields, ascending. */
export interface CronCalendar {
  minutes: number[];
  hours: number[];
  days: number[];
  months: number[];
  /** 0 is Sunday. */
  weekDays: number[];
  /** A day that either day field has is enough; otherwise it takes both. */
  eitherDay: boolean;
  /** Neither minute nor hour begins with `*`: a fixed time, which a change of the clock neither leaves out nor repeats. */
  isFixed: boolean;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEK_DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS: readonly FieldShape[] = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12, names: MONTHS },
  { name: 'day of week', least: 0, most: 7, names: WEEK_DAYS },
];

/** As crontab(5) has them; `@hourly` counts as a line with `*` for the hour. */
const SHORTHANDS: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const LINE_SHAPE =
  'five fields: minute, hour, day of month, month, day of week, as "0 8 * * 1-5"; or @hourly, @daily, @weekly, @monthly, @yearly; or @every 30s';

/** Reads what crontab(5) calls the time and date fields, as cronie does. With all that is wrong, when something is. */
export function readCron(line: string): { cron: Cron } | { problems: FieldProblem[] } {
  const text = line.trim();
  if (text.startsWith('@')) return readShorthand(text);
  const fields = text.split(/[ \t]+/);
  if (fields.length !== FIELDS.length) return refused(countOf(text === '' ? [] : fields), LINE_SHAPE);
  const read = FIELDS.map((shape, i) => readField(fields[i] ?? '', shape));
  const problems = read.flatMap((field) => ('problems' in field ? field.problems : []));
  if (problems.length > 0) return { problems };
  const [minutes = [], hours = [], days = [], months = [], weekDays = []] = read.map((field) =>
    'values' in field ? field.values : [],
  );
  const isStar = (i: number) => fields[i]?.startsWith('*') === true;
  const cron = {
    ...{ minutes, hours, days, months },
    // 7 is Sunday, too.
    weekDays: [...new Set(weekDays.map((day) => day % 7))].sort((a, b) => a - b),
    // As cronie's DOM_STAR and DOW_STAR: a field that begins with * does not restrict, not even */2.
    eitherDay: !isStar(2) && !isStar(4),
    isFixed: !isStar(0) && !isStar(1),
  };
  return comes(cron) ? { cron } : refused('never comes: no month of it has that day', 'a day that there is');
}

/** The same for a line that was read before. Throws for another one. */
export function cronOf(line: string): Cron {
  const read = readCron(line);
  if ('cron' in read) return read.cron;
  throw new Error(`no line of a crontab: ${line}`);
}

function readShorthand(text: string): ReturnType<typeof readCron> {
  const [word = '', ...rest] = text.toLowerCase().split(/[ \t]+/);
  if (word === '@every') return readInterval(rest.join(' '));
  if (word === '@reboot') return refused('is @reboot: a schedule has no machine that would start', LINE_SHAPE);
  const line = SHORTHANDS[word];
  if (line === undefined || rest.length > 0) return refused(`is ${JSON.stringify(text)}`, LINE_SHAPE);
  return readCron(line);
}

const LONGEST = 365 * 24 * 3_600_000;

/** Temporal counts intervals in seconds. */
function readInterval(text: string): ReturnType<typeof readCron> {
  const every = milliseconds(text) ?? 0;
  if (every < 1000 || every % 1000 !== 0 || every > LONGEST)
    return refused(`is @every ${text}`.trim(), '@every with whole seconds, as @every 30s, @every 5m or @every 2h');
  return { cron: { every } };
}

function refused(message: string, expected: string): { problems: FieldProblem[] } {
  return { problems: [{ message, expected }] };
}

function countOf(fields: readonly string[]): string {
  if (fields.length === 0) return 'is empty';
  return `has ${fields.length === 1 ? 'one field' : `${fields.length} fields`}`;
}

const LONGEST_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function comes({ days, months, eitherDay }: CronCalendar): boolean {
  return eitherDay || months.some((month) => (days[0] ?? 0) <= (LONGEST_MONTHS[month - 1] ?? 0));
}
