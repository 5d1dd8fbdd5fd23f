import type { OpenedTask, Progress, RolloutEdit, Standing } from '../model/activities.ts';
import { batchSize, isBudgetSpent, mergeRollout, nextBatchSize, type Rollout } from '../model/rollout.ts';
import { count, join, numbers, take, without, type Span } from '../model/spans.ts';
import { failures, type NodeCounts, type TaskStatus } from '../model/status.ts';
import type { Hold } from '../model/task.ts';

export interface Batch {
  batch: number;
  spans: Span[];
}

/** All that a task's workflow has to remember when it goes on in a new history. */
export interface RunState {
  opened: OpenedTask;
  rollout: Rollout;
  queue: Span[];
  standing: Standing;
  batchesDone: number;
  nextBatch: number;
  accepted: number;
  paused: boolean;
  stopping: 'stop' | 'kill' | null;
}

export function begin(opened: OpenedTask): RunState {
  return {
    opened,
    rollout: opened.rollout,
    queue: opened.remaining,
    standing: { counts: opened.counts, failed: [] },
    batchesDone: opened.batchesDone,
    nextBatch: opened.nextBatch,
    accepted: opened.accepted,
    paused: false,
    stopping: null,
  };
}

/**
 * The state of a rollout and its rules: what may start, what holds it, how it ends. Knows nothing of Temporal; the workflow
 * asks it and tells it.
 */
export class Run {
  #state: RunState;
  #running = new Map<number, Span[]>();
  #baking = 0;
  #handingOver = false;

  constructor(state: RunState) {
    this.#state = state;
  }

  get opened(): OpenedTask {
    return this.#state.opened;
  }
  get rollout(): Rollout {
    return this.#state.rollout;
  }
  get counts(): NodeCounts {
    return this.#state.standing.counts;
  }
  get batchesDone(): number {
    return this.#state.batchesDone;
  }
  get runningBatches(): number[] {
    return [...this.#running.keys()];
  }
  get state(): RunState {
    return this.#state;
  }

  /* ---- what the operator asks ---- */

  pause(): void {
    this.#state.paused = true;
  }

  /** Goes on, too, after a spent budget: the failures so far are accepted, and the budget begins anew. */
  resume(): void {
    this.#state.paused = false;
    if (this.#isBudgetSpent()) this.#state.accepted = failures(this.counts);
  }

  stop(how: 'stop' | 'kill'): void {
    if (this.#state.stopping !== 'kill') this.#state.stopping = how;
  }

  edit(edit: RolloutEdit): Rollout {
    return (this.#state.rollout = mergeRollout(this.#state.rollout, edit));
  }

  /** Why an edit cannot be, or nothing. */
  refusal(edit: RolloutEdit): string | undefined {
    if (this.#state.stopping) return 'the task is being stopped';
    if (edit.order && edit.order !== this.rollout.order && this.#running.size > 0)
      return 'the order cannot change while a batch runs; pause, wait for the batch, change it, resume';
    return undefined;
  }

  /* ---- what happened ---- */

  requeued(spans: Span[], standing: Standing): void {
    const again = new Set(numbers(spans));
    this.#state.queue = [...spans, ...without(this.#state.queue, again)];
    this.#state.standing = standing;
    this.#state.accepted = Math.min(this.#state.accepted, failures(this.counts));
  }

  skipped(spans: Span[], standing: Standing): void {
    this.#state.queue = without(this.#state.queue, new Set(numbers(spans)));
    this.#state.standing = standing;
    this.#state.accepted = Math.min(this.#state.accepted, failures(this.counts));
  }

  began({ batch, spans }: Batch): void {
    this.#running.set(batch, spans);
  }

  ended(batch: number): void {
    this.#running.delete(batch);
    this.#state.batchesDone += 1;
  }

  counted(standing: Standing): void {
    this.#state.standing = standing;
  }

  /** While a batch bakes, its nodes still count as in flight. */
  bakes(nodes: number): void {
    this.#baking += nodes;
  }

  /** Start nothing more here: the task goes on in a new history. */
  handOver(): void {
    this.#handingOver = true;
  }

  /* ---- what follows ---- */

  get mayStart(): boolean {
    return !this.#handingOver && this.hold === 'none' && this.#state.queue.length > 0 && this.#hasRoom();
  }

  get isIdle(): boolean {
    return this.#running.size === 0 && this.#baking === 0;
  }

  get isHandedOver(): boolean {
    return this.#handingOver && this.isIdle && !this.isOver;
  }

  get isOver(): boolean {
    if (this.#running.size > 0) return false;
    return this.#state.stopping !== null || this.#isStoppedByBudget() || this.#state.queue.length === 0;
  }

  get hold(): Hold {
    if (this.#state.stopping) return this.#state.stopping;
    if (this.#isStoppedByBudget()) return 'stop';
    return this.#state.paused || this.#isPausedByBudget() ? 'pause' : 'none';
  }

  nextBatch(): Batch {
    const [spans, rest] = take(this.#state.queue, this.#nextSize());
    this.#state.queue = rest;
    return { batch: this.#state.nextBatch++, spans: join(spans) };
  }

  /** Batches done, running and to come, at the present size. */
  get batchesTotal(): number {
    const size = nextBatchSize({ ...this.#limited, canary: 0 }, this.opened.total, this.batchesDone);
    return this.batchesDone + this.#running.size + Math.ceil(count(this.#state.queue) / size);
  }

  get status(): TaskStatus {
    if (this.#state.stopping) return 'stopping';
    if (this.hold === 'pause' && this.#state.queue.length + this.#running.size > 0) return 'paused';
    return 'running';
  }

  get reason(): string {
    if (this.#state.stopping === 'kill') return 'stopped by an operator, running commands killed';
    if (this.#state.stopping) return 'stopped by an operator';
    if (this.#isBudgetSpent() && this.rollout.onBudget !== 'continue') return this.#budgetReason();
    return this.#state.paused ? 'paused by an operator' : '';
  }

  /** How the task has ended, once it is over. */
  get ending(): { status: TaskStatus; reason: string } {
    const { counts } = this;
    if (this.#state.stopping) return { status: 'stopped', reason: this.reason };
    if (counts.ok + counts.skipped === counts.total) return { status: 'ok', reason: '' };
    return { status: 'failed', reason: this.#isStoppedByBudget() ? this.#budgetReason() : this.#failureReason() };
  }

  get progress(): Progress {
    return {
      status: this.status,
      reason: this.reason,
      counts: this.counts,
      batches: { running: this.runningBatches, done: this.batchesDone, total: this.batchesTotal },
      rollout: this.rollout,
      failed: this.#state.standing.failed,
    };
  }

  /** The rollout within what the pool allows. */
  get #limited(): Rollout {
    const { most } = this.opened;
    return most === undefined ? this.rollout : { ...this.rollout, batch: [...this.rollout.batch, most] };
  }

  #nextSize(): number {
    return nextBatchSize(this.#limited, this.opened.total, this.#state.nextBatch - 1);
  }

  /** Nodes of running and baking batches never exceed the batch size; a batch that is larger than what is free waits. */
  #hasRoom(): boolean {
    const inFlight = [...this.#running.values()].reduce((sum, spans) => sum + count(spans), this.#baking);
    if (inFlight === 0) return true;
    if (this.rollout.canary > 0 && this.#state.batchesDone === 0) return false;
    const next = Math.min(this.#nextSize(), count(this.#state.queue));
    return this.rollout.lanes > 1 && inFlight + next <= batchSize(this.#limited, this.opened.total);
  }

  #isBudgetSpent(): boolean {
    return isBudgetSpent(this.rollout, failures(this.counts) - this.#state.accepted, this.opened.total);
  }

  #isPausedByBudget(): boolean {
    return this.rollout.onBudget === 'pause' && this.#isBudgetSpent();
  }

  #isStoppedByBudget(): boolean {
    return this.rollout.onBudget === 'stop' && this.#isBudgetSpent();
  }

  #budgetReason(): string {
    const accepted = this.#state.accepted > 0 ? ` (besides ${this.#state.accepted} accepted before)` : '';
    const over = failures(this.counts) - this.#state.accepted;
    return `failure budget spent: ${over} of ${this.opened.total} nodes failed${accepted}, more than ${this.rollout.maxFailures} allowed${this.#firstFailures()}`;
  }

  #failureReason(): string {
    const failed = failures(this.counts);
    const cancelled = this.counts.cancelled > 0 ? `, ${this.counts.cancelled} cancelled` : '';
    return `${failed} of ${this.opened.total} nodes failed${cancelled}${this.#firstFailures()}`;
  }

  #firstFailures(): string {
    const { failed } = this.#state.standing;
    const shown = failed.slice(0, 3).map((node) => `${node.name} at ${node.step}`);
    if (shown.length === 0) return '';
    return `: ${shown.join(', ')}${failures(this.counts) > shown.length ? ', …' : ''}`;
  }
}
