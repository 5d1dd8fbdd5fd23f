import { setTimeout as delay } from 'node:timers/promises';
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type Client,
  type ScheduleDescription,
  type ScheduleHandle,
} from '@temporalio/client';
import pLimit from 'p-limit';
import type { Overlap } from '../model/catalogue/document.ts';
import { Refused } from './errors.ts';
import { reaching } from './reaching.ts';
import { OWNER, planOf, POLICIES, scheduleIdOf, type Plan, type WantedSchedule } from './schedule-plan.ts';

/** What Temporal knows of a schedule and the catalogue does not. */
export interface ScheduleState {
  paused: boolean;
  /** Why it is paused; empty when it is not. */
  note: string;
  /** Names of the tasks that it has started and that have not ended. */
  running: string[];
  /** What it has started last, the newest first. */
  recent: { task: string; scheduledAt: Date; startedAt: Date }[];
  /** Times that were left out because the task before had not ended, and those that were missed for longer than the catch-up. */
  skipped: number;
  missed: number;
}

/** A schedule that could not be brought in line, and why. */
export interface OutOfLine {
  name: string;
  reason: string;
}

/** Requests to Temporal at once. */
const AT_ONCE = 5;

/**
 * The schedules of the catalogue as Temporal's Schedules. Temporal alone knows whether one is paused. All of it throws
 * TemporalUnreachable; what is about one schedule throws Refused while Temporal does not have it.
 */
export class Schedules {
  readonly #client: Client;
  readonly #taskQueue: string;
  readonly #inTurn = pLimit(1);
  /** Made by this process: a list of Temporal's may come a moment too early to have them. */
  readonly #made = new Set<string>();

  constructor(client: Client, taskQueue: string) {
    this.#client = client;
    this.#taskQueue = taskQueue;
  }

  /**
   * Makes Temporal's Schedules of this task queue those that are wanted: missing ones are created, others updated where they
   * differ, those that nobody wants removed. Tells which could not be, and does the rest all the same.
   */
  bringInLine(wanted: () => Promise<readonly WantedSchedule[]>): Promise<OutOfLine[]> {
    return this.#inTurn(async () => {
      const schedules = await wanted();
      const present = await this.#present();
      const limit = pLimit(AT_ONCE);
      const failures = await Promise.all(schedules.map((one) => limit(() => this.#attempt(one))));
      const ids = new Set(schedules.map(({ name }) => this.#idOf(name)));
      const unwanted = [...new Set([...present, ...this.#made])].filter((id) => !ids.has(id));
      await Promise.all(unwanted.map((id) => limit(() => this.#remove(id))));
      return failures.filter((failure) => failure !== undefined);
    });
  }

  /** Undefined when Temporal does not have it. */
  async state(name: string): Promise<ScheduleState | undefined> {
    const description = await this.#described(name);
    return description && stateOf(description);
  }

  /** Nothing is started until it is resumed. `note`: why, for whoever looks at it. */
  async pause(name: string, note: string): Promise<void> {
    await this.#told(name, (handle) => handle.pause(note));
  }

  /** Times that came while it was paused are not made up for. */
  async resume(name: string): Promise<void> {
    const note = (await this.#described(name))?.action.staticSummary;
    await this.#told(name, (handle) => handle.unpause(note ?? ''));
  }

  /** Starts what it starts, now, whether it is paused or the task before runs. The task's name. */
  async trigger(name: string): Promise<string> {
    const before = await this.#described(name);
    await this.#told(name, (handle) => handle.trigger(POLICIES.allow));
    const deadline = Date.now() + 10_000;
    for (;;) {
      const after = await this.#described(name);
      const [newest] = after ? stateOf(after).recent : [];
      if (newest && after && after.info.numActionsTaken > (before?.info.numActionsTaken ?? 0)) return newest.task;
      if (Date.now() > deadline)
        throw new Refused(`schedule ${name} is told to start a task, and Temporal has not started one yet: look again`);
      await delay(50);
    }
  }

  /** Starts what it would have started from one time to another, one after another unless `overlap` says otherwise. */
  async backfill(name: string, span: { from: Date; to: Date; overlap?: Overlap }): Promise<void> {
    const { from, to, overlap = 'queue' } = span;
    await this.#told(name, (handle) => handle.backfill({ start: from, end: to, overlap: POLICIES[overlap] }));
  }

  async #attempt(wanted: WantedSchedule): Promise<OutOfLine | undefined> {
    try {
      await this.#put(planOf(wanted, this.#taskQueue));
      this.#made.add(this.#idOf(wanted.name));
      return undefined;
    } catch (error) {
      return { name: wanted.name, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async #put(plan: Plan): Promise<void> {
    const description = await this.#find(plan.scheduleId);
    if (description) {
      if (description.action.memo?.['fingerprint'] === plan.fingerprint) return;
      await reaching(() =>
        this.#handle(plan.scheduleId).update((before) => ({ ...plan.options, state: stateWith(plan, before) })),
      );
      return;
    }
    const { scheduleId, note, memo } = plan;
    try {
      await reaching(() => this.#client.schedule.create({ ...plan.options, scheduleId, memo, state: { note } }));
    } catch (error) {
      // Another process was faster; what differs is brought in line next time.
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
  }

  /** Ids of the Schedules that were made for this task queue. */
  async #present(): Promise<string[]> {
    return await reaching(async () => {
      const ids: string[] = [];
      for await (const { scheduleId, memo } of this.#client.schedule.list())
        if (memo?.[OWNER] === this.#taskQueue) ids.push(scheduleId);
      return ids;
    });
  }

  async #remove(scheduleId: string): Promise<void> {
    try {
      await reaching(() => this.#handle(scheduleId).delete());
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    }
    this.#made.delete(scheduleId);
  }

  async #told(name: string, tell: (handle: ScheduleHandle) => Promise<void>): Promise<void> {
    try {
      await reaching(() => tell(this.#handle(this.#idOf(name))));
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) throw new Refused(`Temporal does not have schedule ${name} yet`);
      throw error;
    }
  }

  #described(name: string): Promise<ScheduleDescription | undefined> {
    return this.#find(this.#idOf(name));
  }

  async #find(scheduleId: string): Promise<ScheduleDescription | undefined> {
    try {
      return await reaching(() => this.#handle(scheduleId).describe());
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return undefined;
      throw error;
    }
  }

  #handle(scheduleId: string): ScheduleHandle {
    return this.#client.schedule.getHandle(scheduleId);
  }

  #idOf(name: string): string {
    return scheduleIdOf(this.#taskQueue, name);
  }
}

function stateWith({ note }: Plan, { state }: ScheduleDescription): { paused: boolean; note: string } {
  return { paused: state.paused, note: state.paused ? (state.note ?? '') : note };
}

function stateOf({ state, info }: ScheduleDescription): ScheduleState {
  return {
    paused: state.paused,
    note: state.paused ? (state.note ?? '') : '',
    running: info.runningActions.map(({ workflow }) => workflow.workflowId),
    recent: info.recentActions
      .map(({ action, scheduledAt, takenAt }) => ({
        task: action.workflow.workflowId,
        scheduledAt,
        startedAt: takenAt,
      }))
      .reverse(),
    skipped: info.numActionsSkippedOverlap,
    missed: info.numActionsMissedCatchupWindow,
  };
}
