import { randomBytes } from 'node:crypto';
import { NativeConnection, Worker } from '@temporalio/worker';
import pino from 'pino';
import { inject } from 'vitest';
import { Drover } from '../../client/index.ts';
import type { AutoscaleActivities, Found } from '../../model/autoscale/activities.ts';
import type { Scaling } from '../../model/autoscale/state.ts';
import type { PoolAction } from '../../model/pool/pool.ts';
import { bundleWorkflows } from '../../worker/bundle.ts';
import { logTo } from '../../worker/runtime.ts';
import { registerSearchAttributes } from '../../worker/search-attributes.ts';

const HOUR = 3_600_000;

/** Temporal's timers are up to a second late; here it reads whenever it is told. */
export const SCALING: Scaling = {
  ...{ target: 100, min: 2, max: 20, step: { up: 4, down: 2 }, cooldown: { up: 20, down: 60 } },
  ...{ of: 'total', tolerance: 0, every: HOUR },
};

/** A pool and its metric, in place of a catalogue, an HTTP server and tasks. */
export class World implements AutoscaleActivities {
  scaling: Scaling | null = SCALING;
  value: number | null = 400;
  nodes = 4;
  readings = 0;
  /** Whether tasks end by themselves. */
  isQuick = true;
  /** How often the store is away. */
  failures = 0;
  readonly tasks = new Map<string, { action: PoolAction; end: Found['ended'] }>();

  readMetric = (_pool: string, task: string | null): Promise<Found> => {
    this.readings += 1;
    if (this.failures-- > 0) return Promise.reject(new Error('the store is away'));
    const ended = this.tasks.get(task ?? '')?.end ?? null;
    const { value, nodes } = this;
    const busy = task !== null && !ended ? task : null;
    const reading = { value, missing: value === null ? 'gone' : '', age: 0, nodes, drained: 0, busy };
    return Promise.resolve({ scaling: this.scaling, reading, ended });
  };

  scalePool = (_pool: string, task: string, action: PoolAction): Promise<void> => {
    this.tasks.set(task, { action, end: null });
    if (this.isQuick) this.end(task, true);
    return Promise.resolve();
  };

  end(task: string, ok: boolean): void {
    const found = this.tasks.get(task);
    if (!found) throw new Error(`there is no task ${task}`);
    found.end = { at: Date.now(), ok, reason: ok ? '' : 'no spare is left' };
    if (ok && 'expand' in found.action) this.nodes += found.action.expand.by ?? 0;
    if (ok && 'shrink' in found.action) this.nodes -= found.action.shrink.by ?? 0;
  }

  get actions(): PoolAction[] {
    return [...this.tasks.values()].map(({ action }) => action);
  }

  get lastTask(): string {
    return [...this.tasks.keys()].at(-1) ?? '';
  }
}

/** Temporal with workers that run the autoscale workflow over a World. */
export class Stage {
  readonly drover: Drover;
  readonly #connection: NativeConnection;
  readonly #bundle: { code: string };

  private constructor(drover: Drover, connection: NativeConnection, bundle: { code: string }) {
    this.drover = drover;
    this.#connection = connection;
    this.#bundle = bundle;
  }

  static async open(): Promise<Stage> {
    logTo(pino({ level: 'silent' }));
    const { address } = inject('shared').temporal;
    const drover = await Drover.connect({ address, taskQueue: `drover-${randomBytes(4).toString('hex')}` });
    await registerSearchAttributes(drover.connection, drover.namespace);
    return new Stage(drover, await NativeConnection.connect({ address }), await bundleWorkflows());
  }

  /** What it gives stops the worker. */
  async startWorker({ readMetric, scalePool }: World): Promise<() => Promise<void>> {
    const { namespace, taskQueue } = this.drover;
    const worker = await Worker.create({
      ...{ connection: this.#connection, namespace, taskQueue, workflowBundle: this.#bundle },
      activities: { readMetric, scalePool },
      stickyQueueScheduleToStartTimeout: '1s',
    });
    const running = worker.run();
    return async () => {
      worker.shutdown();
      await running;
    };
  }

  async close(): Promise<void> {
    await this.#connection.close();
    await this.drover.close();
  }
}
