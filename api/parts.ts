import type { Logger } from 'pino';
import type { WantedSchedule } from '../client/schedule-plan.ts';
import type { ScheduleState } from '../client/schedules.ts';
import type { AutoscaleView } from '../model/autoscale/view.ts';
import type { TaskOrigin } from '../model/activities.ts';
import type { Overlap } from '../model/catalogue/document.ts';
import type { Execution } from '../model/execution.ts';
import type { PoolAction } from '../model/pool/pool.ts';
import type { Rollout } from '../model/rollout.ts';
import type { Store } from '../store/store.ts';
import type { AccessSettings } from './access/settings.ts';

/** What the API is built from. */
export interface Parts {
  store: Store;
  drover: Drover;
  /** Base URL of Temporal's web UI, for links. */
  temporalUi?: string;
  namespace: string;
  version: string;
  log: Logger;
  /** How many workers ask Temporal for work. Throws when Temporal does not answer. */
  workers: () => Promise<number>;
  /** Without: nobody but the store's tokens says who asks. */
  access?: AccessSettings;
}

/** What the API needs of the client library (client/index.ts fits). */
export interface Drover {
  run(request: Submission): Promise<{ name: string }>;
  task(name: string): TaskHandle;
  /** What scales a pool by its load; it may run or not. */
  autoscaler(pool: string): Autoscaler;
  /** Has the pools of these names scaled by their load, and no others. */
  keepAutoscalers(pools: readonly string[]): Promise<void>;
  schedules: Schedules;
  /** Names of tasks: the one that has the pool first, then those that wait for it. */
  queueOf(pool: string): Promise<string[]>;
}

/** What Temporal has made of the catalogue's schedules. */
export interface Schedules {
  /** Makes Temporal's those that are wanted; tells which could not be. */
  bringInLine(wanted: () => Promise<readonly WantedSchedule[]>): Promise<{ name: string; reason: string }[]>;
  /** Undefined when Temporal does not have it. */
  state(name: string): Promise<ScheduleState | undefined>;
  pause(name: string, note: string): Promise<void>;
  resume(name: string): Promise<void>;
  /** The name of the task that it starts. */
  trigger(name: string): Promise<string>;
  backfill(name: string, span: { from: Date; to: Date; overlap?: Overlap }): Promise<void>;
}

export interface Autoscaler {
  /** Undefined while it does not run. */
  state(): Promise<AutoscaleView | undefined>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  settingsChanged(): Promise<void>;
}

/** A task as it was submitted; the client library checks it whole. */
export interface Submission {
  name?: string;
  /** Or `templateName`: one of the catalogue, as `web` or `web@3`. */
  template?: unknown;
  templateName?: string;
  /** Or a `pool` of the catalogue; with both, names of its nodes. */
  nodes?: unknown;
  pool?: string;
  /** What to do with the pool, in place of nodes. */
  do?: PoolAction;
  /** End at once, in place of waiting, when another task has the pool. */
  now?: boolean;
  params?: Record<string, string>;
  rollout?: unknown;
  startedBy?: string;
  origin?: TaskOrigin;
}

export interface TaskHandle {
  execution(): Promise<{ state: Execution; runId: string | null }>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  stop(options?: { kill?: boolean }): Promise<void>;
  retry(options?: { nodes?: string[] }): Promise<void>;
  skip(nodes: string[]): Promise<void>;
  setRollout(edit: unknown): Promise<Rollout>;
}
