import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  isCancellation,
  startChild,
  workflowInfo,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import type { Standing, TaskResult } from '../model/activities.ts';
import { count, numbers } from '../model/spans.ts';
import type { Hold } from '../model/task.ts';
import { closeTask, recordBatch, reopenPool, requeue, settlePool, skip } from './activities.ts';
import type { batch } from './batch.ts';
import { hold } from './messages.ts';
import { Record } from './record.ts';
import { Run, type Batch, type RunState } from './run.ts';

/** A rollout at work: carries the decisions of a Run out, batch by batch, and the operator's wishes into the Run. */
export class RollingOut {
  readonly run: Run;
  readonly #record: Record;
  #children = new Map<number, ChildWorkflowHandle<typeof batch>>();
  /** Failed nodes of running batches that somebody wants to run again afterwards. */
  #wantedAgain: string[] = [];
  #background: Promise<void>[] = [];
  #failure: unknown;

  constructor(state: RunState) {
    this.run = new Run(state);
    this.#record = new Record(this.run, (next) => this.#holdChildren(next));
    this.#inBackground(this.#record.keep());
  }

  /** Waits until a batch may start; false when there is nothing more to start here. */
  async mayGoOn(): Promise<boolean> {
    const { run } = this;
    // At 4,096 events; a batch adds about 20.
    if (workflowInfo().continueAsNewSuggested) run.handOver();
    await condition(() => Boolean(this.#failure) || run.mayStart || run.isHandedOver || this.#isOver());
    if (this.#failure) throw this.#failure as Error;
    return run.mayStart;
  }

  startBatch(): void {
    const next = this.run.nextBatch();
    this.run.began(next);
    this.#inBackground(this.#runBatch(next));
  }

  /** Ends the task; nothing when somebody asked for more in the last moment. */
  async close(): Promise<TaskResult | undefined> {
    const { run } = this;
    const end = run.ending;
    await this.#record.stop();
    if (run.opened.pool) await settlePool(run.opened.taskId);
    const standing = await closeTask(run.opened.taskId, end);
    await condition(allHandlersFinished);
    if (!run.isOver) {
      if (run.opened.pool) await this.#reopen();
      this.#inBackground(this.#record.keep());
      return undefined;
    }
    run.counted(standing);
    this.#record.tell(end);
    if (end.status === 'ok') return { counts: standing.counts, batches: run.batchesDone };
    const type = end.status === 'stopped' ? 'TaskStopped' : 'TaskFailed';
    throw ApplicationFailure.nonRetryable(end.reason, type, standing);
  }

  /** Machines that were given back in the meantime are made again. */
  async #reopen(): Promise<void> {
    const { opened, state } = this.run;
    const spans = await reopenPool(opened.taskId, numbers(state.queue));
    this.run.requeued(spans, state.standing);
  }

  /** Resolves when everything that was begun has ended, well or not. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#background);
  }

  /* ---- what the operator wants of certain nodes ---- */

  async retry(nodes?: string[]): Promise<void> {
    const { run } = this;
    const selected = await requeue({
      taskId: run.opened.taskId,
      ...(nodes && { nodes }),
      busyBatches: run.runningBatches,
    });
    run.requeued(selected.spans, selected.standing);
    if (nodes) this.#wantedAgain.push(...selected.busy);
  }

  async skip(nodes: string[]): Promise<void> {
    const { run } = this;
    const selected = await skip({ taskId: run.opened.taskId, nodes, busyBatches: run.runningBatches });
    run.skipped(selected.spans, selected.standing);
  }

  /* ---- batches ---- */

  async #runBatch(next: Batch): Promise<void> {
    const { run } = this;
    await Promise.all([this.#recordBatch(next, 'started'), this.#followBatch(next)]);
    const standing = await this.#recordBatch(next, 'finished');
    run.ended(next.batch);
    run.counted(standing);
    if (this.#wantedAgain.length > 0) await this.retry(this.#wantedAgain.splice(0));
    await this.#bake(count(next.spans));
  }

  /** A batch is a short child of its own: a native pause of the task lets the running one end and starts no other. */
  async #followBatch({ batch: no, spans }: Batch): Promise<void> {
    const { opened, rollout } = this.run;
    const names = Object.fromEntries(numbers(spans).map((node) => [node, opened.names?.[node] ?? `node ${node}`]));
    const child = await startChild<typeof batch>('batch', {
      workflowId: `${workflowInfo().workflowId}/batch-${no}`,
      args: [
        {
          taskId: opened.taskId,
          batch: no,
          spans,
          steps: opened.steps,
          order: rollout.order,
          hold: this.run.hold,
          names: opened.names ? names : {},
        },
      ],
      staticSummary: summary(no, Object.values(names)),
    });
    this.#children.set(no, child);
    try {
      await child.result();
    } catch (error) {
      // Somebody ended the batch itself in Temporal's UI. Its nodes are in the ledger as what became of them; the task goes on.
      if (isCancellation(error)) throw error;
    } finally {
      this.#children.delete(no);
    }
  }

  async #recordBatch(next: Batch, state: 'started' | 'finished'): Promise<Standing> {
    const { run } = this;
    return await recordBatch({
      taskId: run.opened.taskId,
      batch: next.batch,
      nodes: count(next.spans),
      state,
      batchesDone: run.batchesDone + (state === 'finished' ? 1 : 0),
      batchesTotal: run.batchesTotal,
    });
  }

  async #bake(nodes: number): Promise<void> {
    const { run } = this;
    if (run.rollout.bake === 0 || run.isOver) return;
    run.bakes(nodes);
    await condition(() => run.isOver, run.rollout.bake);
    run.bakes(-nodes);
  }

  async #holdChildren(next: Hold): Promise<void> {
    const signals = [...this.#children.values()].map((child) => child.signal(hold, next));
    await Promise.allSettled(signals); // a batch that has just ended needs no word
  }

  #isOver(): boolean {
    return this.run.isOver && this.run.isIdle && allHandlersFinished();
  }

  #inBackground(work: Promise<void>): void {
    this.#background.push(work);
    work.catch((error: unknown) => (this.#failure ??= error));
  }
}

/** At most 200 bytes, says Temporal. */
function summary(batch: number, names: string[]): string {
  const shown = names.slice(0, 4).join(', ').slice(0, 120);
  return `batch ${batch}: ${names.length} nodes (${shown}${names.length > 4 ? ', …' : ''})`;
}
