import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { autoscaleId, poolOfAutoscaleId } from '../model/autoscale/id.ts';
import type { AutoscaleView } from '../model/autoscale/view.ts';
import type { AutoscaleInput } from '../workflows/autoscale.ts';
import { Refused, TemporalUnreachable } from './errors.ts';
import { executionOf } from './execution.ts';
import { reaching } from './reaching.ts';

/** What grows and shrinks a pool by its load. Every call asks Temporal; nothing is kept here. */
export class Autoscaler {
  readonly pool: string;
  readonly #client: Client;
  readonly #taskQueue: string;

  constructor(client: Client, pool: string, taskQueue: string) {
    this.#client = client;
    this.pool = pool;
    this.#taskQueue = taskQueue;
  }

  /** Undefined while it does not run. Throws Refused while it is paused in Temporal, which answers no queries then. */
  async state(): Promise<AutoscaleView | undefined> {
    const { state } = await reaching(() => executionOf(this.#client.workflow, this.#id));
    if (state === 'paused') throw new Refused(`${this.#id} is paused in Temporal: Unpause in its UI lets it go on`);
    if (state !== 'running') return undefined;
    try {
      return await reaching(() => this.#client.workflow.getHandle(this.#id).query<AutoscaleView>('autoscale'));
    } catch (error) {
      if (error instanceof TemporalUnreachable) throw error;
      throw new Refused(`${this.#id} does not tell its state now: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Starts nothing more; a task that is under way goes on. Throws Refused when it does not run. */
  async pause(): Promise<void> {
    await this.#signal('pause');
  }

  /** Throws Refused when it does not run. */
  async resume(): Promise<void> {
    await this.#signal('resume');
  }

  /** Looks at the pool's settings now, and ends when there are none any more. Starts it when it does not run. */
  async settingsChanged(): Promise<void> {
    await reaching(() =>
      this.#client.workflow.signalWithStart('autoscale', {
        ...this.#start,
        signal: 'settingsChanged',
        signalArgs: [],
      }),
    );
  }

  /** One that runs is left as it is. */
  async start(): Promise<void> {
    await reaching(() =>
      this.#client.workflow.start('autoscale', { ...this.#start, workflowIdConflictPolicy: 'USE_EXISTING' }),
    );
  }

  async #signal(signal: 'pause' | 'resume'): Promise<void> {
    try {
      await reaching(() => this.#client.workflow.getHandle(this.#id).signal(signal));
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      throw new Refused(
        `pool ${this.pool} is not being scaled by its load: the workflow ${this.#id} does not run (it is started within a minute)`,
        { cause: error },
      );
    }
  }

  get #id(): string {
    return autoscaleId(this.#taskQueue, this.pool);
  }

  get #start() {
    const input: AutoscaleInput = { pool: this.pool };
    return {
      workflowId: this.#id,
      taskQueue: this.#taskQueue,
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
      staticSummary: `scales pool ${this.pool} by its load`.slice(0, 60),
    };
  }
}

/**
 * Has exactly the pools of these names scaled by their load. What runs for others hears that it should look at its settings,
 * and ends. Settings that changed are found with the next reading.
 */
export async function keepAutoscalers(client: Client, taskQueue: string, pools: readonly string[]): Promise<void> {
  const running = await reaching(() => runningPools(client, taskQueue));
  const wanted = new Map(pools.map((pool) => [pool.toLowerCase(), pool]));
  const started = [...wanted].flatMap(([key, pool]) => (running.has(key) ? [] : [pool]));
  const left = [...running].filter((key) => !wanted.has(key));
  await Promise.all([
    ...started.map((pool) => new Autoscaler(client, pool, taskQueue).start()),
    ...left.map((pool) => new Autoscaler(client, pool, taskQueue).settingsChanged()),
  ]);
}

/** In lower case. */
async function runningPools(client: Client, taskQueue: string): Promise<Set<string>> {
  const query = `WorkflowType = 'autoscale' AND ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue.replaceAll("'", "''")}'`;
  const pools = new Set<string>();
  for await (const { workflowId } of client.workflow.list({ query }))
    pools.add(poolOfAutoscaleId(taskQueue, workflowId));
  return pools;
}
