import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DevProcess, freePorts, type Ports } from './dev-process.ts';

const DROVER = fileURLToPath(new URL('../../bin/drover', import.meta.url));

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** One user's embedded system: `drover dev`, started and ended at will in one folder, and the command line talking to it. */
export class Dev {
  readonly #folder: string;
  readonly #ports: Ports;
  #process: DevProcess | undefined;

  private constructor(folder: string, ports: Ports) {
    this.#folder = folder;
    this.#ports = ports;
  }

  /** On free ports; its state is kept in `folder`. */
  static async in(folder: string): Promise<Dev> {
    return new Dev(folder, await freePorts());
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports.port}`;
  }

  get temporalAddress(): string {
    return `127.0.0.1:${this.#ports.temporalPort}`;
  }

  /** Resolves when it says that it is ready. */
  async start(): Promise<void> {
    this.#process = await DevProcess.start(this.#folder, this.#ports);
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#process?.stop(signal);
  }

  /** Kills Temporal's server, which runs as a child of `drover dev`. */
  async killTemporal(): Promise<void> {
    const [pid = ''] = /\d+/.exec(await readFile(join(this.#folder, 'temporal.pid'), 'utf8')) ?? [];
    process.kill(Number(pid), 'SIGKILL');
  }

  /** Runs the command line against it, to its end. */
  run(...args: string[]): Promise<Ran> {
    return new Promise((resolve) => {
      const env = { ...process.env, DROVER_SERVER: this.url };
      execFile(process.execPath, [DROVER, ...args], { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      });
    });
  }
}
