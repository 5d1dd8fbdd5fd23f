import type { CronItem, DependItem, ExecTaskValues } from '../../../store/catalogue/types.ts';
import type { Fields } from '../fields.ts';
import { Refusal } from '../refusal.ts';

/** What `/task/saveTask` is sent. `id` 0: a new one. */
export interface Sent extends ExecTaskValues {
  id: number;
  poolId: number;
}

/** `cron_itmes` and `depend_itmes` are written so. Refuses (400) times and week days that orion took, and died of. */
export function readSent(fields: Fields): Sent {
  const cronItems = (fields.objects('cron_itmes') ?? []).map(readCronItem);
  const dependItems = (fields.objects('depend_itmes') ?? []).map(readDependItem);
  const twice = repeated(cronItems.map(({ time }) => time));
  if (twice !== undefined) throw new Refusal(400, `Cron time ${twice} is duplicate!`);
  return {
    ...{ id: fields.int('id'), poolId: fields.int('pool_id') },
    ...{ type: fields.text('type'), execType: fields.text('exec_type') },
    ...{ cronItems, dependItems },
  };
}

function readCronItem(fields: Fields): Omit<CronItem, 'id'> {
  return {
    instanceNum: within('instance_num', fields.int('instance_num'), 0, MOST_NODES),
    concurrRatio: within('concurr_ratio', fields.int('concurr_ratio'), 0, 100),
    concurrNum: within('concurr_num', fields.int('concurr_num'), 0, MOST_NODES),
    weekDay: within('week_day', fields.int('week_day'), 0, 7),
    time: readTime(fields.text('time')),
    ignore: fields.int('ignore') !== 0,
  };
}

function readDependItem(fields: Fields): Omit<DependItem, 'id'> {
  return {
    poolId: fields.int('pool_id'),
    ratio: within('ratio', fields.number('ratio'), 0, MOST_RATIO),
    elasticCount: within('elastic_count', fields.int('elastic_count'), 0, MOST_NODES),
    stepName: fields.text('step_name'),
    ignore: fields.int('ignore') !== 0,
  };
}

/** As for a schedule and a dependency in Drover's own form. */
const MOST_NODES = 100_000;
const MOST_RATIO = 1000;

function within(field: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw new Refusal(400, `${field} is ${value}, expected ${least} to ${most}`);
}

/** `HH:MM:SS`, or without the seconds, which count for nothing. */
function readTime(text: string): string {
  const [, hour = '', minute = '', second = '00'] = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?$/.exec(text) ?? [];
  if (hour === '' || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59)
    throw new Refusal(400, `time is ${JSON.stringify(text)}, expected HH:MM:SS, 00:00:00 to 23:59:59`);
  return [hour, minute, second].map((part) => part.padStart(2, '0')).join(':');
}

/** The first that comes at a minute of another. */
function repeated(times: readonly string[]): string | undefined {
  const minutes = times.map((time) => time.slice(0, 5));
  return times.find((_, i) => minutes.indexOf(minutes[i] ?? '') !== i);
}
