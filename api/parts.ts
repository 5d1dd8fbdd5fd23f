import type { Logger } from 'pino';
import type { TaskOrigin } from '../model/activities.ts';
import type { Execution } from '../model/execution.ts';
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
