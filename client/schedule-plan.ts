import { createHash } from 'node:crypto';
import type { ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import type { NewTaskInput } from '../model/activities.ts';
import { SCHEDULE, type Overlap, type ScheduleDocument } from '../model/catalogue/document.ts';
import { slug } from '../model/task-name.ts';
import { scheduleSpec } from './schedule-spec.ts';

/** A schedule of the catalogue, with its id there. */
export type WantedSchedule = Omit<ScheduleDocument, 'kind'> & { id: number };

/** What Temporal is to have of a schedule. */
export interface Plan {
  scheduleId: string;
  options: Pick<ScheduleOptions, 'spec' | 'policies' | 'action'>;
  /** Of the options, to know them again by: in the memo of what it starts, as a Schedule's own cannot be changed. */
  fingerprint: string;
  /** What Temporal's UI shows of it while it is not paused. */
  note: string;
  memo: Record<string, string>;
}

/** Key of a Schedule's memo; its value is the task queue that it was made for. */
export const OWNER = 'drover';

export const POLICIES: Record<Overlap, ScheduleOverlapPolicy> = {
  skip: 'SKIP',
  queue: 'BUFFER_ALL',
  allow: 'ALLOW_ALL',
};

export function planOf(wanted: WantedSchedule, taskQueue: string): Plan {
  const { name, cron, timezone = SCHEDULE.timezone, overlap = SCHEDULE.overlap, catchUp = SCHEDULE.catchUp } = wanted;
  const note = noteOf(wanted);
  const start = { workflowType: 'task', workflowId: taskPrefix(wanted), taskQueue, args: [inputOf(wanted)] };
  const options = {
    spec: scheduleSpec(cron, timezone, Date.now()),
    policies: { overlap: POLICIES[overlap], catchupWindow: catchUp },
    action: { type: 'startWorkflow' as const, ...start, staticSummary: note },
  };
  const fingerprint = createHash('sha256').update(JSON.stringify(options)).digest('hex').slice(0, 16);
  const memo = { schedule: name, cron, timezone, fingerprint };
  return {
    scheduleId: scheduleIdOf(taskQueue, name),
    options: { ...options, action: { ...options.action, memo } },
    ...{ fingerprint, note, memo: { [OWNER]: taskQueue } },
  };
}

/** Names are the same without regard to case; several Drovers may share a namespace. */
export function scheduleIdOf(taskQueue: string, name: string): string {
  return `${taskQueue}/${name.toLowerCase()}`;
}

function inputOf({ name, pool, do: action, params, rollout }: WantedSchedule): NewTaskInput {
  return {
    ...{ pool, do: action },
    ...(params && { params }),
    ...(rollout && { rollout }),
    ...{ origin: { schedule: name }, startedBy: `schedule ${name}` },
  };
}

/** The longest time that Temporal appends, `-2026-11-21T08:00:00Z`, leaves so many characters. */
const LONGEST_PREFIX = 79;

/** What names of its tasks begin with: its own, where a task may have that; else with its id, as two may be alike then. */
function taskPrefix({ name, id }: WantedSchedule): string {
  const prefix = slug(name);
  if (prefix === name && prefix.length <= LONGEST_PREFIX) return prefix;
  const suffix = `:${id}`;
  return `${prefix.slice(0, LONGEST_PREFIX - suffix.length)}${suffix}`;
}

/** As `0 8 * * 1-5 Asia/Shanghai: expand web to 10`. Temporal takes 200 bytes. */
function noteOf({ cron, timezone = SCHEDULE.timezone, pool, do: action }: WantedSchedule): string {
  const [[kind, how] = ['', {}]] = Object.entries<object>(action);
  const words = Object.entries(how).map(([key, value]) => ` ${key} ${String(value)}`);
  return `${cron} ${timezone}: ${kind} ${pool}${words.join('')}`.slice(0, 66);
}
