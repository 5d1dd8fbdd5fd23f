import { Client, Connection, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import type { NewTaskInput, NodePart, TaskOrigin } from '../model/activities.ts';
import type { Amount, Choice, PoolAction } from '../model/pool/pool.ts';
import type { Node } from '../model/node.ts';
import { parseSubmission, type ParsedSubmission } from '../model/parse/index.ts';
import { Autoscaler, keepAutoscalers } from './autoscaler.ts';
import { NameInUse, TemporalUnreachable } from './errors.ts';
import { newName } from './name.ts';
import { queueOf } from './pool-queue.ts';
import { reaching } from './reaching.ts';
import { Schedules } from './schedules.ts';
import { TaskHandle } from './task-handle.ts';

/** Where Temporal is. Without an address all of it comes from TEMPORAL_* and Temporal's profiles, as its own tools read them. */
export interface ConnectOptions {
  address?: string;
  namespace?: string;
  apiKey?: string;
  /** Task queue of Drover's workers; default `drover`. */
  taskQueue?: string;
}

/** A run of a template, as from YAML: `template`, `nodes` and `rollout` in the shapes of the files. */
export interface RunRequest {
  /** The task's name, unique; made from the template's when not given. */
  name?: string;
  /** A template, or in its place `templateName`: one of the catalogue, as `web` or, in its third version, `web@3`. */
  template?: unknown;
  templateName?: string;
  /** Nodes, or in their place a `pool` of the catalogue; with both, `nodes` are names of some of the pool's. */
  nodes?: unknown;
  pool?: string;
  /** What to do with the pool: by its own template for that, on nodes that follow from it. */
  do?: PoolAction;
  /** Do not wait while another task has the pool: end at once. */
  now?: boolean;
  params?: Record<string, string>;
  rollout?: unknown;
  startedBy?: string;
  /** What the catalogue and OpenDCP's clients know the task by. */
  origin?: TaskOrigin;
}

/** Something to be done with a pool. */
export type PoolRequest = Pick<RunRequest, 'name' | 'params' | 'rollout' | 'now' | 'startedBy' | 'origin'> & {
  pool: string;
};

/** Exactly one of them. */
interface Counted {
  count?: number;
  to?: number;
}

interface Chosen {
  nodes?: string[];
  choose?: Choice;
}

const TASK_QUEUE = 'drover';

/** One message to Temporal should stay below 256 KB; longer node lists follow in parts of this many nodes. */
const NODES_PER_PART = 500;

/** Submits tasks and steers them, through Temporal alone. */
export class Drover {
  readonly connection: Connection;
  readonly client: Client;
  readonly taskQueue: string;
  readonly schedules: Schedules;
  /** What a worker connects with, too. */
  readonly connectionOptions: ClientConnectConfig['connectionOptions'];

  private constructor(
    connection: Connection,
    client: Client,
    taskQueue: string,
    connectionOptions: ClientConnectConfig['connectionOptions'],
  ) {
    this.connection = connection;
    this.client = client;
    this.taskQueue = taskQueue;
    this.schedules = new Schedules(client, taskQueue);
    this.connectionOptions = connectionOptions;
  }

  /** Throws TemporalUnreachable. */
  static async connect(options: ConnectOptions = {}): Promise<Drover> {
    const { address, namespace, apiKey, taskQueue = TASK_QUEUE } = options;
    const config = address === undefined ? loadClientConnectConfig() : { connectionOptions: {} };
    const where = address ?? config.connectionOptions.address ?? '127.0.0.1:7233';
    const connectionOptions = { ...config.connectionOptions, address: where, ...(apiKey && { apiKey, tls: true }) };
    try {
      const connection = await Connection.connect(connectionOptions);
      const client = new Client({ connection, namespace: namespace ?? config.namespace ?? 'default' });
      return new Drover(connection, client, taskQueue, connectionOptions);
    } catch (error) {
      throw new TemporalUnreachable(`Temporal does not answer at ${where}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  get namespace(): string {
    return this.client.options.namespace;
  }

  /**
   * Checks the whole request, then starts the task. Throws Invalid with every problem, or NameInUse. What the catalogue has
   * is looked up by the task's first activity: when it is not there, or does not go with the rest, the task fails at once.
   */
  async run(request: RunRequest): Promise<TaskHandle> {
    const submission = parseSubmission(request);
    const { template, templateName, nodes, pool, names, rollout, do: action, now } = submission;
    const name = submission.name ?? newName(titleOf(submission));
    const parts = nodes && nodes.length > NODES_PER_PART ? inParts(nodes) : [];
    const input: NewTaskInput = {
      ...(template && { template }),
      ...(templateName !== undefined && { templateName }),
      ...(pool !== undefined && { pool }),
      ...(action && { do: action }),
      ...(now && { now }),
      ...(names && { nodes: names }),
      ...(nodes && { nodes: parts.length > 0 ? { parts: parts.length, total: nodes.length } : nodes }),
      params: submission.params,
      ...(rollout && { rollout }),
      ...(submission.origin && { origin: submission.origin }),
      startedBy: submission.startedBy ?? 'code',
    };
    await this.#start(name, summaryOf(submission), input);
    const task = this.task(name);
    for (const part of parts) await task.addNodes(part);
    return task;
  }

  /** More nodes for a pool: `count` of them, or up to `to`. Resolves when the task has been started. Throws as `run`. */
  expand({ count, to, ...request }: PoolRequest & Counted): Promise<TaskHandle> {
    return this.run({ ...request, do: { expand: amount(count, to) } });
  }

  /** Fewer nodes: `count` of them, down to `to`, or those named. */
  shrink({ count, to, nodes, choose, ...request }: PoolRequest & Counted & Chosen): Promise<TaskHandle> {
    const which = { ...amount(count, to), ...(nodes && { nodes }), ...(choose && { choose }) };
    return this.run({ ...request, do: { shrink: which } });
  }

  /** The pool's deploy template on all its nodes, or on those named. */
  deploy({ nodes, ...request }: PoolRequest & Pick<Chosen, 'nodes'>): Promise<TaskHandle> {
    return this.run({ ...request, do: { deploy: nodes ? { nodes } : {} } });
  }

  /** Gives machines back that are of no node: those of these ids, or all of them. */
  release({ machines, ...request }: PoolRequest & { machines?: string[] }): Promise<TaskHandle> {
    return this.run({ ...request, do: { release: machines ? { machines } : {} } });
  }

  /** Names of tasks: the one that has the pool first, then those that wait for it. */
  queueOf(pool: string): Promise<string[]> {
    return queueOf(this.client, this.taskQueue, pool);
  }

  /** A handle on a task that may or may not exist; its calls say so. */
  task(name: string): TaskHandle {
    return new TaskHandle(this.client, name, this.taskQueue);
  }

  /** What scales a pool by its load; it may run or not. */
  autoscaler(pool: string): Autoscaler {
    return new Autoscaler(this.client, pool, this.taskQueue);
  }

  /** Has the pools of these names scaled by their load, and no others. */
  keepAutoscalers(pools: readonly string[]): Promise<void> {
    return keepAutoscalers(this.client, this.taskQueue, pools);
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  async #start(name: string, staticSummary: string, input: NewTaskInput): Promise<void> {
    try {
      await reaching(() =>
        this.client.workflow.start('task', {
          workflowId: name,
          taskQueue: this.taskQueue,
          args: [input],
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          workflowIdConflictPolicy: 'FAIL',
          staticSummary,
        }),
      );
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) throw new NameInUse(name);
      throw error;
    }
  }
}

/** Temporal takes 200 bytes. */
function summaryOf({ template, templateName, nodes, pool, names, do: action }: ParsedSubmission): string {
  const count = (nodes ?? names)?.length;
  const where = [...(count === undefined ? [] : [`${count} nodes`]), ...(pool === undefined ? [] : [`pool ${pool}`])];
  const what = action ? JSON.stringify(action) : (template?.name ?? templateName ?? '');
  return `${what} on ${where.join(' of ')}`.slice(0, 60);
}

/** What a task is called when it was given no name. */
function titleOf({ template, templateName, pool, do: action }: ParsedSubmission): string {
  const [what] = Object.keys(action ?? {});
  return template?.name ?? templateName ?? (what && pool !== undefined ? `${what}-${pool}` : 'task');
}

function amount(count: number | undefined, to: number | undefined): Amount {
  return { ...(count !== undefined && { by: count }), ...(to !== undefined && { to }) };
}

function inParts(nodes: readonly Node[]): NodePart[] {
  const parts: NodePart[] = [];
  for (let firstNo = 0; firstNo < nodes.length; firstNo += NODES_PER_PART)
    parts.push({ part: parts.length, firstNo, nodes: nodes.slice(firstNo, firstNo + NODES_PER_PART) });
  return parts;
}
