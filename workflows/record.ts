import { condition, setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { TaskRecord } from '../model/activities.ts';
import type { TaskStatus } from '../model/status.ts';
import type { Hold } from '../model/task.ts';
import { recordTask } from './activities.ts';
import { details } from './details.ts';
import type { Run } from './run.ts';
import { keys } from './search-keys.ts';

/** Keeps the ledger, the batches and Temporal's UI told of what the Run has come to. */
export class Record {
  readonly #run: Run;
  readonly #holdBatches: (hold: Hold) => Promise<void>;
  #recorded: TaskRecord;
  #shown = '';
  /** As tasks are found by in Temporal. */
  #found: TaskStatus | '' = '';
  #stopping = false;
  #kept: Promise<void> = Promise.resolve();

  constructor(run: Run, holdBatches: (hold: Hold) => Promise<void>) {
    this.#run = run;
    this.#holdBatches = holdBatches;
    this.#recorded = {
      taskId: run.opened.taskId,
      status: 'running',
      reason: '',
      hold: 'none',
      rollout: run.opened.rollout,
    };
    const { template, pool } = run.opened;
    upsertSearchAttributes([
      { key: keys.template, value: template },
      ...(pool ? [{ key: keys.pool, value: pool.name }] : []),
    ]);
    this.tell();
  }

  keep(): Promise<void> {
    this.#stopping = false;
    return (this.#kept = this.#loop());
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#kept;
  }

  /** Shows the progress in Temporal's UI. */
  tell(end?: { status: TaskStatus; reason: string }): void {
    const { opened, progress } = this.#run;
    const text = details(opened, workflowInfo().workflowId, { ...progress, ...end });
    if (text !== this.#shown) setCurrentDetails((this.#shown = text));
    const state = end?.status ?? progress.status;
    if (state !== this.#found) upsertSearchAttributes([{ key: keys.state, value: (this.#found = state) }]);
  }

  async #loop(): Promise<void> {
    for (;;) {
      await condition(() => this.#stopping || this.#isUntold() || this.#isUnwritten());
      if (this.#stopping) return;
      this.tell();
      if (this.#isUnwritten()) await this.#write(this.#current());
    }
  }

  /**
   * Nodes are held by the ledger, where commands look before they start; batches by a signal. Of the end of a hold a batch
   * must hear after the ledger has it, or it would send nodes that are still held.
   */
  async #write(record: TaskRecord): Promise<void> {
    const isHeld = record.hold !== 'none';
    const told = isHeld ? this.#holdBatches(record.hold) : undefined;
    await recordTask(record);
    await (isHeld ? told : this.#recorded.hold !== 'none' && this.#holdBatches('none'));
    this.#recorded = record;
  }

  #isUnwritten(): boolean {
    return JSON.stringify(this.#current()) !== JSON.stringify(this.#recorded);
  }

  #isUntold(): boolean {
    const { opened, progress } = this.#run;
    return details(opened, workflowInfo().workflowId, progress) !== this.#shown;
  }

  #current(): TaskRecord {
    const { opened, status, reason, hold, rollout } = this.#run;
    return { taskId: opened.taskId, status, reason, hold, rollout: { ...rollout } };
  }
}
