import type { Logger } from 'pino';
import type { Fleet } from '../remote/fleet.ts';
import type { Store } from '../store/store.ts';
import type { Holds } from './holds.ts';
import type { Secrets } from './secrets.ts';
import type { Snapshots } from './snapshots.ts';

/** What activities work with; handed in when a worker starts. */
export interface Dependencies {
  store: Store;
  fleet: Fleet;
  secrets: Secrets;
  snapshots: Snapshots;
  holds: Holds;
  log: Logger;
  /** Where the HTTP API answers, for links. */
  link: string;
  /** ms for which a node that was lost in the middle of a command is looked for. */
  reconnectWithin: number;
  /** Bytes kept of each stream of an action's output. */
  logLimit: number;
}
