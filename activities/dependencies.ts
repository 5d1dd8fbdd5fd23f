import type { Logger } from 'pino';
import type { TaskInput, TurnRequest } from '../model/activities.ts';
import type { Execution } from '../model/execution.ts';
import type { PoolRow } from '../store/catalogue/types.ts';
import type { Provider } from '../scale/provider.ts';
import type { Fleet } from '../remote/fleet.ts';
import type { Store } from '../store/store.ts';
import type { Holds } from './holds.ts';
import type { Secrets } from './secrets.ts';
import type { Snapshots } from './snapshots.ts';

/** Providers of pools, made from what the catalogue says of them, with their secrets read. */
export interface Providers {
  of(pool: Pick<PoolRow, 'name' | 'provider' | 'vmType' | 'sdId'>): Promise<Provider>;
}

/** What activities ask of Temporal's server. */
export interface Temporal {
  /** Starts a task; one of this name that runs is left as it is, and so is one that has run, unless it is to be resumed. */
  startTask(name: string, input: TaskInput): Promise<void>;
  /** Of the newest execution of this name. */
  state(task: string): Promise<Execution>;
  /** Whether the execution that began with this run is over, with all runs it was continued in. */
  hasEnded(task: string, firstRunId: string): Promise<boolean>;
  /** Asks the pool's queue for a turn. */
  requestTurn(pool: string, request: TurnRequest): Promise<void>;
}

/** What activities work with; handed in when a worker starts. */
export interface Dependencies {
  store: Store;
  fleet: Fleet;
  secrets: Secrets;
  snapshots: Snapshots;
  holds: Holds;
  providers: Providers;
  temporal: Temporal;
  log: Logger;
  /** Where the HTTP API answers, for links. */
  link: string;
  /** ms for which a node that was lost in the middle of a command is looked for. */
  reconnectWithin: number;
  /** Bytes kept of each stream of an action's output. */
  logLimit: number;
}
