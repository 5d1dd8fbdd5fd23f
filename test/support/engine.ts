import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { inject } from 'vitest';
import { Drover, type TaskHandle } from '../../client/index.ts';
import type { Node } from '../../model/node.ts';
import type { NodeView } from '../../model/task.ts';
import type { Target } from '../../remote/target.ts';
import { openStore, type Store } from '../../store/store.ts';
import { startWorker, type RunningWorker, type WorkerOptions } from '../../worker/worker.ts';
import { freshDatabase } from './postgres.ts';

export interface EngineOptions extends Pick<WorkerOptions, 'reconnectWithin' | 'logLimit'> {
  ssh?: WorkerOptions['ssh'];
  /** False: no worker in this process. */
  worker?: boolean;
}

/** The whole engine of one test file: its own task queue on the shared Temporal server, its own database, real nodes. */
export class Engine {
  readonly drover: Drover;
  readonly store: Store;
  readonly databaseUrl: string;
  /** Where commands of the tests write; every node can. */
  readonly folder: string;
  #worker: RunningWorker | undefined;
  readonly #drop: () => Promise<void>;

  private constructor(
    parts: { drover: Drover; store: Store; databaseUrl: string; folder: string },
    worker: RunningWorker | undefined,
    drop: () => Promise<void>,
  ) {
    this.drover = parts.drover;
    this.store = parts.store;
    this.databaseUrl = parts.databaseUrl;
    this.folder = parts.folder;
    this.#worker = worker;
    this.#drop = drop;
  }

  static async start({ worker = true, ssh = {}, ...options }: EngineOptions = {}): Promise<Engine> {
    const { temporal, postgresUrl } = inject('shared');
    const database = await freshDatabase(postgresUrl);
    const store = await openStore({ url: database.url });
    const drover = await Drover.connect({
      address: temporal.address,
      taskQueue: `drover-${randomBytes(4).toString('hex')}`,
    });
    const folder = await mkdtemp(join(tmpdir(), 'drover-engine-'));
    await chmod(folder, 0o777);
    const log = pino({ level: 'error' }, pino.destination(2));
    const running = worker
      ? await startWorker({ store, drover, ssh, link: 'http://127.0.0.1:7610', log, ...options })
      : undefined;
    return new Engine({ drover, store, databaseUrl: database.url, folder }, running, () => database.drop());
  }

  /** Its commands go on on the nodes. */
  async stopWorker(): Promise<void> {
    await this.#worker?.close();
    this.#worker = undefined;
  }

  async close(): Promise<void> {
    await this.stopWorker();
    await this.drover.close();
    await this.store.close();
    await this.#drop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** `count` of the shared sshd nodes, named n01, n02, … */
  nodes(count: number): Node[] {
    return named(inject('shared').sshd.targets.slice(0, count));
  }

  /** Every node of the task with its steps. */
  async ledger(task: TaskHandle): Promise<NodeView[]> {
    const { items } = await this.store.ledger.nodes(await this.idOf(task), { page: 1, pageSize: 1000 });
    return items;
  }

  async idOf(task: TaskHandle): Promise<string> {
    const row = await this.store.tasks.get(task.name);
    if (!row) throw new Error(`no task ${task.name} in the store yet`);
    return row.id;
  }

  /** What a node's commands printed, both streams. */
  async log(task: TaskHandle, no: number): Promise<string> {
    const { chunks } = await this.store.logs.read(await this.idOf(task), { no, limit: 10_000 });
    return Buffer.concat(chunks.map(({ bytes }) => bytes)).toString();
  }

  /** A shell command that ends once `name` is there in the folder, or the folder is gone. */
  waitingFor(name: string): string {
    return `until [ -e ${this.folder}/${name} ] || [ ! -d ${this.folder} ]; do sleep 0.05; done`;
  }

  /** Puts an empty file into the folder. */
  async touch(name: string): Promise<void> {
    await writeFile(join(this.folder, name), '');
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.folder, name), { force: true });
  }

  /** The lines of a file that commands appended to; none when it is not there. */
  async lines(file: string): Promise<string[]> {
    const text = await readFile(join(this.folder, file), 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '');
  }

  async files(): Promise<string[]> {
    return await readdir(this.folder);
  }
}

/** n01, n02, … */
export function named(targets: Target[]): Node[] {
  return targets.map((target, i) => ({ ...target, name: `n${String(i + 1).padStart(2, '0')}` }));
}

export function newTaskName(what: string): string {
  return `${what}-${randomBytes(4).toString('hex')}`;
}
