import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import type { AccessSettings } from '../api/access/settings.ts';
import { serve } from '../api/serve.ts';
import { countWorkers } from '../api/workers.ts';
import { Drover } from '../client/index.ts';
import { lockFolder } from '../store/lock.ts';
import { openStore, type Store } from '../store/store.ts';
import type { WorkerOptions } from '../worker/worker.ts';
import { Closing } from './closing.ts';
import { keepWorker } from './keep-worker.ts';
import { assertPortIsFree } from './port.ts';
import { findTemporalBinary } from './temporal-binary.ts';
import { startTemporalServer } from './temporal-server.ts';
import { packageVersion } from './version.ts';

export interface EmbeddedOptions {
  /** Everything that outlives the process. */
  folder: string;
  /** Of the HTTP API, on loopback. */
  port: number;
  temporalPort: number;
  /** Of Temporal's web UI. */
  uiPort: number;
  log: Logger;
  /** Who is let in, besides the store's tokens. Without either: whoever is on this machine. */
  access?: AccessSettings;
  /** How the worker's SSH connections are made. */
  ssh?: WorkerOptions['ssh'];
}

export interface Embedded {
  /** Of the HTTP API. */
  url: string;
  /** Of Temporal's web UI; null when the Temporal server is not ours. */
  temporalUi: string | null;
  temporalAddress: string;
  drover: Drover;
  store: Store;
  /** Lets requests finish, leaves commands on nodes running, and ends every part. */
  close(): Promise<void>;
}

/**
 * The whole system in this process: Temporal's development server as its child (none when TEMPORAL_ADDRESS is set), the
 * ledger in PGlite, a worker and the HTTP API. What was running in `folder` goes on. Throws FolderInUse, PortTaken,
 * NoTemporalBinary.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const folder = resolve(options.folder);
  const closing = new Closing();
  try {
    await mkdir(folder, { recursive: true });
    closing.later(lockFolder(folder));
    await assertPortIsFree(options.port, 'the HTTP API', '--port');
    const [temporal, store] = await closing.addBoth(
      () => temporalOf({ ...options, folder }),
      () => openStore({ folder: join(folder, 'store') }),
    );
    const temporalUi = temporal.ui;
    const drover = await closing.add(() => Drover.connect(temporal.where));
    const link = `http://127.0.0.1:${options.port}`;
    await closing.add(() => keepWorker({ store, drover, ssh: options.ssh ?? {}, link, log: options.log }));
    const parts = { store, drover, namespace: drover.namespace, version: packageVersion(), log: options.log };
    const ui = temporalUi === null ? {} : { temporalUi };
    const access = options.access ?? {};
    const workers = () => countWorkers(drover);
    const api = await closing.add(() =>
      serve({ ...parts, ...ui, access, workers }, { host: '127.0.0.1', port: options.port }),
    );
    return {
      url: api.url,
      temporalUi,
      temporalAddress: drover.connectionOptions.address ?? '',
      drover,
      store,
      close: () => closing.close(),
    };
  } catch (error) {
    await closing.close().catch(() => undefined); // what went wrong first is what is told
    throw error;
  }
}

interface Temporal {
  /** What is not said here is as TEMPORAL_* and Temporal's profiles have it. */
  where: { address?: string; namespace?: string };
  ui: string | null;
  close(): Promise<void>;
}

async function temporalOf(options: EmbeddedOptions & { folder: string }): Promise<Temporal> {
  if (process.env.TEMPORAL_ADDRESS) return { where: {}, ui: null, close: () => Promise.resolve() };
  const { temporalPort: port, uiPort, folder, log } = options;
  const binary = await findTemporalBinary((line) => log.info(line));
  const server = await startTemporalServer({ binary, folder, port, uiPort, log });
  const { address, namespace, url: ui } = server;
  return { where: { address, namespace }, ui, close: () => server.close() };
}
