import { randomUUID } from 'node:crypto';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Dependencies } from '../activities/dependencies.ts';
import { Holds } from '../activities/holds.ts';
import { createActivities } from '../activities/index.ts';
import { Secrets } from '../activities/secrets.ts';
import { Snapshots } from '../activities/snapshots.ts';
import { sweep } from '../activities/sweep.ts';
import type { Drover } from '../client/index.ts';
import { Fleet, type FleetOptions } from '../remote/fleet.ts';
import type { Store } from '../store/store.ts';
import { workflowBundle } from './bundle.ts';
import { logTo } from './runtime.ts';
import { keepInLine } from './in-line.ts';
import { providersOf } from './providers.ts';
import { registerSearchAttributes } from './search-attributes.ts';
import { temporalOf } from './temporal.ts';

export interface WorkerOptions {
  store: Store;
  /** Temporal: where it is, and its client. */
  drover: Drover;
  ssh: FleetOptions;
  /** Where the HTTP API answers, for links in Temporal's UI. */
  link: string;
  log: Logger;
  /** ms for which a node that was lost in the middle of a command is looked for. */
  reconnectWithin?: number;
  /** Bytes kept of each stream of an action's output. */
  logLimit?: number;
}

export interface RunningWorker {
  /** Takes no more work, leaves running commands running, and ends. */
  close(): Promise<void>;
  /** Rejects when the worker ends by itself. */
  failed: Promise<never>;
}

const SWEEP_EVERY = 60_000;
const MINUTE = 60_000;
const MIB = 1024 * 1024;

/** The process that runs workflows and activities. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { drover, log } = options;
  logTo(log);
  const [bundle, connection] = await Promise.all([
    workflowBundle(),
    NativeConnection.connect(drover.connectionOptions),
    registerSearchAttributes(drover.connection, drover.namespace),
  ]);
  const dependencies = dependenciesOf(options);
  const worker = await Worker.create({
    connection,
    namespace: drover.namespace,
    taskQueue: drover.taskQueue,
    workflowBundle: bundle,
    activities: createActivities(dependencies),
    maxConcurrentActivityTaskExecutions: 500,
    // A stop or a terminate is learned by heartbeats; the default lets only every tenth second's through.
    maxHeartbeatThrottleInterval: '2s',
    defaultHeartbeatThrottleInterval: '2s',
    // A worker that was killed leaves its cached workflows' next tasks waiting for it this long (10 s by default).
    stickyQueueScheduleToStartTimeout: '2s',
    shutdownGraceTime: '1ms', // running commands are left to go on; there is nothing to wait for
  });
  const running = worker.run();
  const sweeping = keepSweeping(dependencies, drover);
  const failed = new Promise<never>((_, reject) => {
    running.catch(reject);
  });
  failed.catch((error: unknown) => log.fatal({ err: error }, 'the worker has ended'));
  return {
    failed,
    close: async () => {
      await sweeping.stop();
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await running;
      await connection.close();
      await dependencies.fleet.close();
    },
  };
}

function dependenciesOf({
  store,
  drover,
  ssh,
  link,
  log,
  reconnectWithin = MINUTE,
  logLimit = MIB,
}: WorkerOptions): Dependencies {
  const secrets = new Secrets();
  return {
    store,
    fleet: new Fleet(ssh),
    secrets,
    snapshots: new Snapshots(store),
    holds: new Holds(store),
    providers: providersOf(secrets),
    temporal: temporalOf(drover),
    log,
    link,
    reconnectWithin,
    logLimit,
  };
}

/** What a worker looks after when it starts and every minute, whoever else does so too. */
function keepSweeping(dependencies: Dependencies, drover: Drover): { stop: () => Promise<void> } {
  const { store, log } = dependencies;
  const holder = randomUUID();
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let current = Promise.resolve();
  const chores = [
    () => sweep(dependencies, async ({ name }) => (await drover.task(name).execution()).state, holder),
    () => keepInLine(store, drover),
  ];
  const once = async () => {
    for (const chore of chores)
      await chore().catch((error: unknown) => log.warn({ err: error }, 'a chore of the worker failed; it comes again'));
    if (isStopped) return;
    timer = setTimeout(() => {
      current = once();
    }, SWEEP_EVERY);
  };
  current = once();
  return {
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await current;
    },
  };
}
