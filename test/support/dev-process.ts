import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import { fileURLToPath } from 'node:url';

import { freePort } from '../../embedded/port.ts';

const DROVER = fileURLToPath(new URL('../../bin/drover', import.meta.url));

export interface Ports {
  port: number;
  temporalPort: number;
  uiPort: number;
}

/** `drover dev` as an operator starts it. */
export class DevProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** Resolves when it says that it serves; rejects with what it said when it ended instead. */
  static async start(folder: string, { port, temporalPort, uiPort }: Ports): Promise<DevProcess> {
    const ports = ['--port', port, '--temporal-port', temporalPort, '--ui-port', uiPort].map(String);
    const child = spawn(process.execPath, [DROVER, 'dev', '--data', folder, ...ports], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DROVER_LOG_LEVEL: 'error' },
    });
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(said)));
    ended.catch(() => undefined);
    const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer];
    return new DevProcess(child, line.toString().trim().replace('drover ready ', ''));
  }

  /** Its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill(signal);
      await exited;
    }
    return this.#child.exitCode;
  }

  async get<Answer>(path: string): Promise<Answer> {
    return (await (await fetch(`${this.url}${path}`)).json()) as Answer;
  }

  async post(path: string, body: unknown): Promise<number> {
    const headers = { 'content-type': 'application/json' };
    return (await fetch(`${this.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).status;
  }
}

export async function freePorts(): Promise<Ports> {
  return { port: await freePort(), temporalPort: await freePort(), uiPort: await freePort() };
}
