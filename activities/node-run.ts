import { setTimeout as delay } from 'node:timers/promises';
import type { Slice } from '../model/activities.ts';
import { scopeOf } from '../model/render.ts';
import type { NodeStatus } from '../model/status.ts';
import { untilReachable } from '../remote/reachable.ts';
import { needsSsh, type Step } from '../model/template.ts';
import type { SliceNode, StepRow } from '../store/slice.ts';
import type { TaskRow } from '../store/tasks.ts';
import type { Dependencies } from './dependencies.ts';
import type { Holding } from './holds.ts';
import { nextOf } from './next-try.ts';
import { perform, type Ended } from './perform.ts';

/** Where a node stands when its part of a slice ends. */
export type Where = { kind: 'passed' } | { kind: 'held'; step: number } | { kind: 'out' };

interface Signals {
  kill: AbortSignal;
  leave: AbortSignal;
  holding: Holding;
}

/** `bootUntil`: the time in ms until which a machine that was just made may take to accept logins. */
export type RunNode = SliceNode & { bootUntil?: number };

/** One node through the steps of a slice. */
export class NodeRun {
  readonly #with: Dependencies;
  readonly #task: TaskRow;
  readonly #slice: Slice;
  readonly #node: RunNode;
  readonly #signals: Signals;
  readonly #rows: Map<number, StepRow>;
  /**
   * Writes that nothing has to wait for: the store keeps them in order, so that what is awaited later was written later.
   * Several go in one commit then.
   */
  readonly #writes: Promise<void>[] = [];

  constructor(dependencies: Dependencies, task: TaskRow, slice: Slice, node: RunNode, signals: Signals) {
    this.#with = dependencies;
    this.#task = task;
    this.#slice = slice;
    this.#node = node;
    this.#signals = signals;
    this.#rows = new Map(node.steps.map((row) => [row.step, row]));
  }

  async go(start: number): Promise<Where> {
    try {
      return await this.#steps(start);
    } finally {
      await Promise.all(this.#writes);
    }
  }

  async #steps(start: number): Promise<Where> {
    if (this.#node.status === 'skipped') return { kind: 'out' }; // by an operator, while its batch waited
    for (let index = start; index <= this.#slice.lastStep; index++) {
      const where = await this.#step(index);
      if (where.kind !== 'passed') return where;
    }
    if (this.#slice.lastStep === this.#task.template.steps.length - 1) this.#settle('ok', '');
    return { kind: 'passed' };
  }

  /** Tries the step until it passes, or its tries are used up, or something holds it. */
  async #step(index: number): Promise<Where> {
    const step = this.#task.template.steps[index];
    if (!step) throw new Error(`template ${this.#task.template.name} has no step ${index}`);
    for (;;) {
      const next = nextOf(step, this.#rows.get(index), this.#slice.batch);
      if (next.kind === 'passed') return next;
      if (next.kind === 'out') return this.#leave(step, index);
      if (next.delay > 0) await this.#pauseBetweenTries(next.delay);
      if (next.isNew && (await this.#isHeld())) return this.#hold(index);
      if (next.isNew) this.#write(this.#with.store.ledger.begin(this.#slice.batch, [this.#ref(index, next)]));
      if (needsSsh(step)) await this.#boot();
      const ended = await this.#try(step, index, next.try);
      if (!ended) return this.#hold(index, next.try);
      this.#finish(index, next, ended);
    }
  }

  /** The actions of a step, in order, until one does not go well; nothing when a hold came between two of them. */
  async #try(step: Step, index: number, number: number): Promise<Ended | undefined> {
    let ended: Ended = { status: 'ok', exitCode: null, reason: '' };
    for (const [position, action] of step.actions.entries()) {
      const ref = { ...this.#place(index), try: number, action: position };
      const known = this.#node.jobs.find((job) => job.step === index && job.try === number && job.action === position);
      if (!known && position > 0 && (await this.#isHeld())) return undefined;
      ended = await perform(this.#with, {
        ref,
        action,
        step,
        known,
        scope: scopeOf(this.#task, this.#node.node),
        target: this.#node.node,
        timeout: step.timeout,
        kill: this.#signals.kill,
        leave: this.#signals.leave,
        later: (write) => this.#write(write),
      });
      if (ended.status !== 'ok')
        return step.actions.length > 1 ? { ...ended, reason: `action ${position + 1}: ${ended.reason}` } : ended;
    }
    return ended;
  }

  /** A machine that was made a moment ago may not take logins yet. When the time is over the step finds that out itself. */
  async #boot(): Promise<void> {
    const { kill, leave } = this.#signals;
    const until = this.#node.bootUntil ?? 0;
    await untilReachable(this.#with.fleet, this.#node.node, until, AbortSignal.any([kill, leave])).catch(
      () => undefined,
    );
    leave.throwIfAborted();
  }

  #finish(index: number, tried: { try: number; firstTry: number }, ended: Ended): void {
    this.#write(this.#with.store.ledger.finish(this.#ref(index, tried), ended));
    this.#rows.set(index, {
      ...ended,
      step: index,
      batch: this.#slice.batch,
      try: tried.try,
      firstTry: tried.firstTry,
      startedAt: null,
      finishedAt: null,
    });
  }

  async #pauseBetweenTries(ms: number): Promise<void> {
    const { kill, leave, holding } = this.#signals;
    await delay(ms, undefined, { signal: AbortSignal.any([kill, leave, holding.held]) }).catch(() => undefined);
    leave.throwIfAborted();
  }

  /** Out of the rollout: the node is what its step is. */
  #leave(step: Step, index: number): Where {
    const row = this.#rows.get(index);
    if (row) this.#settle(row.status, `${step.name}: ${row.reason}`);
    return { kind: 'out' };
  }

  /** A pause keeps the node where it is; a stop puts it back, to begin this step again when the task is retried. */
  #hold(index: number, number?: number): Where {
    if (this.#signals.holding.now !== 'pause') {
      const reason = 'stopped before its next action';
      const end = { status: 'cancelled', exitCode: null, reason } as const;
      if (number) this.#write(this.#with.store.ledger.finish(this.#ref(index, { try: number }), end));
      this.#settle('pending', '');
    }
    return { kind: 'held', step: index };
  }

  #settle(status: NodeStatus, reason: string): void {
    this.#write(this.#with.store.ledger.settle(this.#slice.taskId, this.#node.no, status, reason));
  }

  #write(write: Promise<void>): void {
    write.catch(() => undefined); // `go` throws it
    this.#writes.push(write);
  }

  async #isHeld(): Promise<boolean> {
    return (await this.#signals.holding.fresh()) !== 'none' || this.#signals.kill.aborted;
  }

  #place(index: number) {
    return { taskId: this.#slice.taskId, no: this.#node.no, step: index };
  }

  #ref(index: number, tried: { try: number }) {
    return { ...this.#place(index), try: tried.try };
  }
}
