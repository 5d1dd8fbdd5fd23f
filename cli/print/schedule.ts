import { table } from './table.ts';
import { paint, plain } from './text.ts';
import { clock } from './time.ts';

/** What of a schedule is printed, as GET /api/v1/schedules gives it. */
interface Schedule {
  name: string;
  desc?: string;
  pool: string;
  cron: string;
  timezone: string;
  do: Record<string, Record<string, unknown>>;
  paused: boolean | null;
  note: string;
}

export interface ScheduleList {
  items: (Schedule & { nextRun: string | null })[];
  next: string | null;
}

export interface ScheduleView extends Schedule {
  params?: Record<string, string>;
  overlap: string;
  catchUp: string;
  nextRuns: string[];
  running: string[];
  recentRuns: { task: string; scheduledAt: string; startedAt: string }[];
  skippedRuns: number;
  missedRuns: number;
}

export function scheduleTable({ items, next }: ScheduleList): string {
  if (items.length === 0) return 'no schedules';
  const rows = items.map((one) => [
    plain(one.name),
    plain(one.pool),
    plain(one.cron),
    one.timezone,
    actionText(one.do),
    one.paused ? '' : timeText(one.nextRun ?? ''),
    stateText(one),
  ]);
  const more = next === null ? [] : ['', 'there are more: --limit N, or --search TEXT'];
  return [table(['SCHEDULE', 'POOL', 'WHEN', 'TIME ZONE', 'DOES', 'NEXT', 'STATE'], rows), ...more].join('\n');
}

export function scheduleText(schedule: ScheduleView): string {
  const { name, desc = '', pool, cron, timezone, params = {}, overlap, catchUp, paused, running } = schedule;
  const lines: [string, string][] = [
    ['name', name],
    ['description', desc],
    ['pool', pool],
    ['when', `${cron} ${timezone}`],
    ['does', actionText(schedule.do)],
    ...Object.entries(params).map(([key, value]): [string, string] => [`  ${key}`, value]),
    ['overlap', overlap],
    ['catch-up', catchUp],
    ['state', stateText(schedule)],
    ['running', running.join(', ')],
    ['left out', leftOut(schedule)],
  ];
  const head = lines.filter(([, value]) => value !== '').map(([label, value]) => `${label.padEnd(12)} ${plain(value)}`);
  const coming = schedule.nextRuns.map((time) => `  ${timeText(time)}`);
  const title = paused ? 'next, once it is resumed' : 'next';
  const runs = schedule.recentRuns.map(({ task, scheduledAt }) => [task, clock(scheduledAt)]);
  return [
    ...head,
    ...(coming.length === 0 ? [] : ['', title, ...coming]),
    ...(runs.length === 0 ? [] : ['', table(['TASK', 'SCHEDULED'], runs)]),
  ].join('\n');
}

function stateText({ paused, note }: Schedule): string {
  const colour = paint(process.stdout);
  if (paused === null) return colour('yellow', 'not in Temporal yet');
  return paused ? colour('yellow', `paused: ${plain(note)}`) : 'active';
}

function leftOut({ skippedRuns, missedRuns }: ScheduleView): string {
  const skipped = skippedRuns === 0 ? [] : [`${skippedRuns} as the task before had not ended`];
  const missed = missedRuns === 0 ? [] : [`${missedRuns} as they were missed for too long`];
  return [...skipped, ...missed].join(', ');
}

/** As `expand to 10`. */
function actionText(action: Schedule['do']): string {
  return Object.entries(action)
    .map(([kind, how]) => [kind, ...Object.entries(how).map(([key, value]) => `${key} ${String(value)}`)].join(' '))
    .join(', ');
}

/** As its own clock shows it: `2026-11-23 08:00:00 +08:00`. */
function timeText(time: string): string {
  return time.replace('T', ' ').replace(/([+-]\d\d:\d\d)$/, ' $1');
}
