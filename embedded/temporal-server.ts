import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, renameSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import type { Logger } from 'pino';
import { endOrphan } from './orphan.ts';
import { assertPortIsFree } from './port.ts';

export interface TemporalServerOptions {
  /** The `temporal` program. */
  binary: string;
  /** Where its database, its log and its process id are kept. Absolute or relative to the working directory. */
  folder: string;
  port: number;
  uiPort: number;
  log: Logger;
}

export interface TemporalServer {
  address: string;
  /** Of its web UI. */
  url: string;
  namespace: string;
  /** The process that serves now; another one after it died and was started again. */
  pid(): number | undefined;
  close(): Promise<void>;
}

const NAMESPACE = 'default';
const READY_WITHIN = 30_000;
/** A server that lived this long died of something else than the one before it. */
const STEADY_AFTER = 60_000;
const LONGEST_BACKOFF = 30_000;

/**
 * Temporal's development server as a child process on loopback, on an SQLite file in `folder`. Resolves when it answers.
 * One that a killed process left behind is ended first; one that dies is started again. Throws PortTaken.
 */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  const { port, uiPort, log } = options;
  const files = filesIn(options.folder);
  await mkdir(files.folder, { recursive: true });
  if (await endOrphan(files.pid, files.database))
    log.info('ended the Temporal server that an earlier start left behind');
  await assertPortIsFree(port, "Temporal's server", '--temporal-port');
  await assertPortIsFree(uiPort, "Temporal's web UI", '--ui-port');

  const server = new Supervised(() => spawnServer(options, files), log);
  try {
    await answering(`127.0.0.1:${port}`, server, files.log);
  } catch (error) {
    await server.close();
    throw error;
  }
  server.restart = true;
  return {
    address: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${uiPort}`,
    namespace: NAMESPACE,
    pid: () => server.child.pid,
    close: async () => {
      await server.close();
      await rm(files.pid, { force: true });
    },
  };
}

interface Files {
  folder: string;
  database: string;
  pid: string;
  log: string;
}

function filesIn(folder: string): Files {
  const absolute = resolve(folder);
  return {
    folder: absolute,
    database: join(absolute, 'temporal.db'),
    pid: join(absolute, 'temporal.pid'),
    log: join(absolute, 'temporal.log'),
  };
}

function spawnServer({ binary, port, uiPort }: TemporalServerOptions, files: Files): ChildProcess {
  // A file, not a pipe: a server left behind must not die of a broken one while its workflows are in the middle of a write.
  if (existsSync(files.log)) renameSync(files.log, `${files.log}.1`);
  const log = openSync(files.log, 'w', 0o600);
  try {
    // The shell notes the process id before the server exists, so that no moment to be killed in leaves one unknown.
    return spawn(
      'sh',
      ['-c', 'echo $$ >"$0" && exec "$@"', files.pid, binary, ...serverArguments(port, uiPort, files)],
      {
        // Its own process group: Ctrl-C in the terminal is for us, and the server goes last.
        detached: true,
        stdio: ['ignore', log, log],
      },
    );
  } finally {
    closeSync(log);
  }
}

function serverArguments(port: number, uiPort: number, files: Files): string[] {
  const pragmas = ['journal_mode=WAL', 'synchronous=NORMAL']; // 4 times the activities a second of SQLite's defaults
  return [
    ...['server', 'start-dev', '--db-filename', files.database, '--ip', '127.0.0.1', '--log-level', 'warn'],
    ...['--port', String(port), '--ui-port', String(uiPort), '--ui-disable-news-fetch'],
    ...pragmas.flatMap((pragma) => ['--sqlite-pragma', pragma]),
    ...['--dynamic-config-value', 'frontend.WorkflowPauseEnabled=true'],
  ];
}

/** A child that is started again when it dies by itself, later and later while it keeps dying. */
class Supervised {
  child: ChildProcess;
  restart = false;
  private readonly start: () => ChildProcess;
  private readonly log: Logger;
  private readonly closing = new AbortController();
  private backoff = 500;

  constructor(start: () => ChildProcess, log: Logger) {
    this.start = start;
    this.log = log;
    this.child = this.begin();
  }

  async close(): Promise<void> {
    this.closing.abort();
    if (!isAlive(this.child)) return;
    this.child.kill('SIGTERM');
    const kill = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    await once(this.child, 'exit');
    clearTimeout(kill);
  }

  private begin(): ChildProcess {
    const startedAt = Date.now();
    const child = this.start();
    child.once('error', (error) => {
      this.log.error({ error: error.message }, "Temporal's server cannot be started");
    });
    child.once('exit', (code, signal) => {
      if (this.restart && !this.closing.signal.aborted) {
        const lived = Date.now() - startedAt;
        this.log.warn({ code, signal, lived }, "Temporal's server ended by itself; starting it again");
        void this.beginAgain(lived);
      }
    });
    return child;
  }

  private async beginAgain(lived: number): Promise<void> {
    this.backoff = lived > STEADY_AFTER ? 500 : Math.min(this.backoff * 2, LONGEST_BACKOFF);
    await wait(this.backoff, undefined, { signal: this.closing.signal }).catch(() => undefined);
    if (!this.closing.signal.aborted) this.child = this.begin();
  }
}

/** Resolves when the namespace can be read; throws with the end of the server's log when it died before. */
async function answering(address: string, server: Supervised, logFile: string): Promise<void> {
  const deadline = Date.now() + READY_WITHIN;
  for (;;) {
    if (!isAlive(server.child)) throw new Error(`Temporal's server ended at its start: ${await lastLines(logFile)}`);
    try {
      await describeNamespace(address);
      return;
    } catch (error) {
      if (Date.now() > deadline) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`Temporal's server does not answer after ${READY_WITHIN / 1000} s: ${why}`, { cause: error });
      }
    }
    await wait(50);
  }
}

async function describeNamespace(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 1_000, channelArgs: FAST_RECONNECT });
  try {
    await connection.workflowService.describeNamespace({ namespace: NAMESPACE });
  } finally {
    await connection.close();
  }
}

/** gRPC waits a second before it tries again a port that nobody listened on. */
const FAST_RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 50, 'grpc.max_reconnect_backoff_ms': 100 };

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-5).join('\n') || 'it said nothing';
}

function isAlive(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}
