import {
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  type Client,
  type WorkflowHandle,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import type { NodePart, Progress, Standing, TaskResult } from '../model/activities.ts';
import type { Execution } from '../model/execution.ts';
import { parseRollout } from '../model/parse/index.ts';
import type { Rollout } from '../model/rollout.ts';
import type { task } from '../workflows/task.ts';
import { NoSuchTask, NotRunning, Refused, TaskFailed, TaskStopped, TemporalUnreachable } from './errors.ts';
import { executionOf } from './execution.ts';
import { reaching } from './reaching.ts';

const POLL_EVERY = 300;

/** A task by its name. Every call asks Temporal; nothing is kept here. */
export class TaskHandle {
  readonly name: string;
  readonly #client: Client;
  readonly #taskQueue: string;

  constructor(client: Client, name: string, taskQueue: string) {
    this.#client = client;
    this.name = name;
    this.#taskQueue = taskQueue;
  }

  async execution(): Promise<{ state: Execution; runId: string | null }> {
    return await reaching(() => executionOf(this.#client.workflow, this.name));
  }

  /** Throws Refused while the task is paused in Temporal, which answers no queries then. */
  async progress(): Promise<Progress> {
    try {
      return await reaching(() => this.#workflow.query<Progress>('progress'));
    } catch (error) {
      if (error instanceof TemporalUnreachable) throw error;
      if (error instanceof WorkflowNotFoundError) throw new NoSuchTask(this.name);
      throw new Refused(`task ${this.name} does not tell its progress now: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** Starts no new command; running ones go on to their end. */
  async pause(): Promise<void> {
    await this.#signal('be paused', 'pause');
  }

  /** Goes on after a pause, whoever made it: an operator, a spent failure budget, or Temporal's own Pause. */
  async resume(): Promise<void> {
    const { state } = await this.execution();
    await this.#signal('be resumed', 'resume');
    if (state === 'paused') await this.#unpause();
  }

  /** Ends the task after its running commands; `kill` ends those too. */
  async stop(options: { kill?: boolean } = {}): Promise<void> {
    await this.#signal('be stopped', 'stop', { kill: options.kill ?? false });
  }

  /** Runs failed nodes again, each from its failed step; of an ended task all that is not ok. */
  async retry(options: { nodes?: string[] } = {}): Promise<void> {
    const { nodes } = options;
    const { state } = await this.execution();
    const which = nodes ? { nodes } : {};
    if (state === 'running' || state === 'paused') {
      await this.#signal('be retried', 'retry', which);
      return;
    }
    await reaching(() =>
      this.#client.workflow.start('task', {
        workflowId: this.name,
        taskQueue: this.#taskQueue,
        args: [{ resume: which }],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        staticSummary: nodes ? `again: ${nodes.join(', ')}`.slice(0, 190) : 'again: all that is not ok',
      }),
    );
  }

  /** Leaves nodes out; they no longer count as failures. */
  async skip(nodes: string[]): Promise<void> {
    await this.#signal('skip nodes', 'skip', { nodes });
  }

  /** Changes the rollout from the next batch on. Throws Invalid, NotRunning, or Refused with the reason. */
  async setRollout(edit: unknown): Promise<Rollout> {
    const checked = parseRollout(edit);
    await this.#mustRun('change its rollout');
    try {
      return await reaching(() =>
        this.#workflow.executeUpdate<Rollout, [typeof checked]>('setRollout', { args: [checked] }),
      );
    } catch (error) {
      if (error instanceof TemporalUnreachable) throw error;
      const cause = error instanceof WorkflowUpdateFailedError ? error.cause : error;
      throw new Refused(`the rollout of ${this.name} is not changed: ${(cause as Error).message}`, { cause: error });
    }
  }

  /** What changes, as it changes, until the task ends. */
  async *events(): AsyncIterable<Progress> {
    let last = '';
    for (;;) {
      const { state } = await this.execution();
      if (state === 'missing') throw new NoSuchTask(this.name);
      const progress = await this.progress().catch((error: unknown) => {
        if (error instanceof Refused) return undefined;
        throw error;
      });
      const text = JSON.stringify(progress ?? state);
      if (progress && text !== last) yield progress;
      last = text;
      if (state !== 'running' && state !== 'paused') return;
      await new Promise((resolve) => setTimeout(resolve, POLL_EVERY));
    }
  }

  /** Waits for the end. Throws TaskFailed with the counts and the failed nodes, or TaskStopped. */
  async result(): Promise<TaskResult> {
    try {
      return await this.#workflow.result();
    } catch (error) {
      throw ended(this.name, error);
    }
  }

  /** A part of a long node list; part of submitting a task. */
  async addNodes(part: NodePart): Promise<void> {
    await this.#workflow.signal('addNodes', part);
  }

  get #workflow(): WorkflowHandle<typeof task> {
    return this.#client.workflow.getHandle<typeof task>(this.name);
  }

  async #signal(wanted: string, signal: string, ...args: [object?]): Promise<void> {
    try {
      await reaching(() => this.#workflow.signal(signal, ...args));
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      const { state } = await this.execution();
      throw state === 'missing' ? new NoSuchTask(this.name) : new NotRunning(this.name, wanted);
    }
  }

  async #mustRun(wanted: string): Promise<void> {
    const { state } = await this.execution();
    if (state === 'missing') throw new NoSuchTask(this.name);
    if (state === 'paused')
      throw new Refused(`task ${this.name} is paused in Temporal, which takes no updates then: resume it first`);
    if (state !== 'running') throw new NotRunning(this.name, wanted);
  }

  async #unpause(): Promise<void> {
    await this.#client.workflowService.unpauseWorkflowExecution({
      namespace: this.#client.options.namespace,
      workflowId: this.name,
      identity: this.#client.options.identity,
      reason: 'resumed through Drover',
      requestId: crypto.randomUUID(),
    });
  }
}

function ended(name: string, error: unknown): unknown {
  if (error instanceof WorkflowNotFoundError) return new NoSuchTask(name);
  if (!(error instanceof WorkflowFailedError)) return error;
  const { cause } = error;
  if (cause instanceof CancelledFailure) return new TaskStopped(`task ${name} was cancelled in Temporal`);
  if (cause instanceof TerminatedFailure) return new TaskStopped(`task ${name} was terminated in Temporal`);
  if (cause instanceof ApplicationFailure) {
    const [standing] = (cause.details ?? []) as [Standing?];
    if (cause.type === 'TaskStopped') return new TaskStopped(cause.message);
    return new TaskFailed(cause.message, standing?.counts, standing?.failed ?? []);
  }
  return error;
}
