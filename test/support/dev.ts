import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../embedded/port.ts';

const DROVER = fileURLToPath(new URL('../../bin/drover', import.meta.url));

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** `drover dev` as a user starts it, in a process of its own, and the command line talking to it. */
export class Dev {
  readonly #folder: string;
  readonly #ports: string[];
  readonly url: string;
  readonly temporalAddress: string;
  #child: ChildProcess | undefined;

  private constructor(folder: string, port: number, temporalPort: number, uiPort: number) {
    this.#folder = folder;
    this.url = `http://127.0.0.1:${port}`;
    this.temporalAddress = `127.0.0.1:${temporalPort}`;
    this.#ports = ['--port', String(port), '--temporal-port', String(temporalPort), '--ui-port', String(uiPort)];
  }

  /** On free ports; its state is kept in `folder`. */
  static async in(folder: string): Promise<Dev> {
    const [port, temporalPort, uiPort] = await Promise.all([freePort(), freePort(), freePort()]);
    return new Dev(folder, port, temporalPort, uiPort);
  }

  /** Resolves when it says that it is ready. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [DROVER, 'dev', '--data', this.#folder, ...this.#ports], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DROVER_LOG_LEVEL: 'warn' },
    });
    this.#child = child;
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (bytes: Buffer) => {
        if (bytes.toString().startsWith('drover ready http://')) resolve();
      });
      child.once('exit', (code) => {
        reject(new Error(`drover dev ended with ${code} before it was ready: ${said}`));
      });
    });
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
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
