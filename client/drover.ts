import { Client, Connection, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import type { NewTaskInput, NodePart, TaskOrigin } from '../model/activities.ts';
import type { Node } from '../model/node.ts';
import { parseSubmission, type ParsedSubmission } from '../model/parse/index.ts';
import { NameInUse, TemporalUnreachable } from './errors.ts';
import { newName } from './name.ts';
import { reaching } from './reaching.ts';
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
  params?: Record<string, string>;
  rollout?: unknown;
  startedBy?: string;
  /** What the catalogue and OpenDCP's clients know the task by. */
  origin?: TaskOrigin;
}

const TASK_QUEUE = 'drover';

/** One message to Temporal should stay below 256 KB; longer node lists follow in parts of this many nodes. */
const NODES_PER_PART = 500;

/** Submits tasks and steers them, through Temporal alone. */
export class Drover {
  readonly connection: Connection;
  readonly client: Client;
  readonly taskQueue: string;
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
    const { template, templateName, nodes, pool, names, rollout } = submission;
    const name = submission.name ?? newName(template?.name ?? templateName ?? 'task');
    const parts = nodes && nodes.length > NODES_PER_PART ? inParts(nodes) : [];
    const input: NewTaskInput = {
      ...(template && { template }),
      ...(templateName !== undefined && { templateName }),
      ...(pool !== undefined && { pool }),
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

  /** A handle on a task that may or may not exist; its calls say so. */
  task(name: string): TaskHandle {
    return new TaskHandle(this.client, name, this.taskQueue);
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
function summaryOf({ template, templateName, nodes, pool, names }: ParsedSubmission): string {
  const count = (nodes ?? names)?.length;
  const where = [...(count === undefined ? [] : [`${count} nodes`]), ...(pool === undefined ? [] : [`pool ${pool}`])];
  return `${template?.name ?? templateName} on ${where.join(' of ')}`.slice(0, 60);
}

function inParts(nodes: readonly Node[]): NodePart[] {
  const parts: NodePart[] = [];
  for (let firstNo = 0; firstNo < nodes.length; firstNo += NODES_PER_PART)
    parts.push({ part: parts.length, firstNo, nodes: nodes.slice(firstNo, firstNo + NODES_PER_PART) });
  return parts;
}
