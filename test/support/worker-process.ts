import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import type { Engine } from './engine.ts';

const DROVER = fileURLToPath(new URL('../../bin/drover', import.meta.url));

/** A worker as an operator starts it, in a process of its own that a test may kill. Resolves when it takes work. */
export class WorkerProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(engine: Engine, env: NodeJS.ProcessEnv = {}): Promise<WorkerProcess> {
    const child = spawn(process.execPath, [DROVER, 'worker'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        DATABASE_URL: engine.databaseUrl,
        TEMPORAL_ADDRESS: inject('shared').temporal.address,
        DROVER_TASK_QUEUE: engine.drover.taskQueue,
        DROVER_LOG_LEVEL: 'error',
        ...env,
      },
    });
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (bytes: Buffer) => {
        if (bytes.includes('ready')) resolve();
      });
      child.once('exit', (code) => reject(new Error(`the worker ended with ${code} before it was ready: ${said}`)));
    });
    return new WorkerProcess(child);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** SIGKILL: no goodbye to anybody. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }
}
