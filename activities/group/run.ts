import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Slice, SliceResult } from '../../model/activities.ts';
import { actionScope, render, RenderError, scopeOf } from '../../model/render.ts';
import { at, join } from '../../model/spans.ts';
import type { Step } from '../../model/template.ts';
import type { SliceNode, StepRow } from '../../store/slice.ts';
import type { TaskRow } from '../../store/tasks.ts';
import type { Ending } from '../cancellation.ts';
import type { Dependencies } from '../dependencies.ts';
import type { Holding } from '../holds.ts';
import { nextOf, type Next } from '../next-try.ts';
import type { Ended } from '../perform.ts';
import { carryOut } from './carry-out.ts';
import { GroupLog } from './log.ts';
import type { GroupNode, Outcomes } from './work.ts';
import { withSlice, type SliceAtWork } from '../with-slice.ts';

/**
 * A group step over the nodes of a slice, in one go for all that are to try it. The ledger says what an earlier attempt has
 * done already.
 */
export async function runGroup(dependencies: Dependencies, slice: Slice): Promise<SliceResult> {
  return await withSlice(dependencies, slice, (at) => new GroupRun(dependencies, slice, at).go());
}

type Trying = SliceNode & { next: Extract<Next, { kind: 'try' }> };

class GroupRun {
  readonly #with: Dependencies;
  readonly #task: TaskRow;
  readonly #slice: Slice;
  readonly #step: Step;
  readonly #ending: Ending;
  readonly #holding: Holding;
  #nodes: SliceNode[];

  constructor(dependencies: Dependencies, slice: Slice, { task, nodes, ending, holding }: SliceAtWork) {
    const step = task.template.steps[slice.firstStep];
    if (!step) throw new Error(`template ${task.template.name} has no step ${slice.firstStep}`);
    this.#with = dependencies;
    this.#task = task;
    this.#slice = slice;
    this.#step = step;
    this.#nodes = nodes.filter(({ status }) => status !== 'skipped');
    this.#ending = ending;
    this.#holding = holding;
  }

  async go(): Promise<SliceResult> {
    for (;;) {
      const trying = this.#trying();
      if (trying.length === 0) break;
      if (trying.some(({ next }) => next.isNew)) {
        await this.#pause(Math.max(...trying.map(({ next }) => next.delay)));
        if (await this.#isHeld()) return await this.#held(trying);
        await this.#begin(trying);
      }
      await this.#finish(await this.#try(trying));
    }
    return { passed: at(this.#slice.lastStep + 1, await this.#passed()), held: [] };
  }

  #next(node: SliceNode): Next {
    return nextOf(this.#step, this.#rowOf(node), this.#slice.batch);
  }

  #rowOf({ steps }: SliceNode): StepRow | undefined {
    return steps.find(({ step }) => step === this.#slice.firstStep);
  }

  #trying(): Trying[] {
    return this.#nodes.flatMap((node) => {
      const next = this.#next(node);
      return next.kind === 'try' ? [{ ...node, next }] : [];
    });
  }

  async #begin(trying: readonly Trying[]): Promise<void> {
    const { ledger } = this.#with.store;
    const refs = trying.filter(({ next }) => next.isNew).map((node) => this.#ref(node));
    await ledger.begin(this.#slice.batch, refs);
  }

  async #try(trying: readonly Trying[]): Promise<Outcomes> {
    const { store } = this.#with;
    const refs = trying.map((node) => ({ ...this.#ref(node), action: 0 }));
    await Promise.all(refs.map((ref) => store.ledger.startJob(ref, null)));
    const log = new GroupLog(
      store.logs,
      trying.map((node, i) => ({ ref: refs[i] ?? { ...this.#ref(node), action: 0 }, offset: this.#logged(node) })),
    );
    const outcomes = await this.#outcomes(trying, log);
    await log.end();
    return outcomes;
  }

  /** How much of the try's log is there from an earlier attempt. */
  #logged({ jobs, next }: Trying): number {
    return jobs.find(({ step, try: tried }) => step === this.#slice.firstStep && tried === next.try)?.out ?? 0;
  }

  /** Every way that it can end is a result; only infrastructure throws. */
  async #outcomes(trying: readonly Trying[], log: GroupLog): Promise<Outcomes> {
    const nodes: GroupNode[] = trying.map(({ no, node, next }) => ({ no, node, try: next.try }));
    const timeout = AbortSignal.timeout(Math.min(this.#step.timeout, LONGEST_TIMER));
    const kill = AbortSignal.any([this.#ending.kill, this.#holding.kill]);
    const signal = AbortSignal.any([kill, this.#ending.leave, timeout]);
    // Requests for many machines wait for their turn at once.
    setMaxListeners(0, signal);
    const all = (end: Ended): Outcomes => new Map(nodes.map(({ no }) => [no, end]));
    try {
      const rendered = this.#rendered();
      return await carryOut({
        with: this.#with,
        task: this.#task,
        slice: this.#slice,
        ...{ kind: rendered.group, options: rendered.options, nodes },
        call: { signal, say: (line) => log.say(line) },
      });
    } catch (error) {
      if (error instanceof RenderError) return all({ status: 'failed', exitCode: null, reason: error.message });
      if (this.#ending.leave.aborted || !signal.aborted) throw error;
      if (kill.aborted) return all({ status: 'cancelled', exitCode: null, reason: 'it was ended by an operator' });
      const reason = `given up after ${this.#step.timeout / 1000} s, its timeout`;
      return all({ status: 'timed_out', exitCode: null, reason });
    }
  }

  /** The same for all nodes: nothing of one of them can be in it. */
  #rendered() {
    const [action] = this.#step.actions;
    if (!action) throw new Error(`step ${this.#step.name} has nothing to do`);
    const scope = scopeOf(this.#task, { name: '', address: '' });
    const rendered = render(action, actionScope(scope, this.#step, action));
    if (rendered.kind !== 'group') throw new Error(`step ${this.#step.name} is no group step`);
    return rendered;
  }

  async #finish(outcomes: Outcomes): Promise<void> {
    const { ledger } = this.#with.store;
    const writes: Promise<void>[] = [];
    for (const [no, end] of outcomes) {
      const node = this.#nodes.find((one) => one.no === no);
      const next = node && this.#next(node);
      if (!node || next?.kind !== 'try') continue;
      const ref = this.#ref({ ...node, next });
      writes.push(ledger.finishJob({ ...ref, action: 0 }, end), ledger.finish(ref, end));
    }
    await Promise.all(writes);
    this.#nodes = await this.#with.store.ledger.slice(
      this.#slice.taskId,
      this.#nodes.map(({ no }) => no),
    );
  }

  /** Those that go on; the others are what their step is. */
  async #passed(): Promise<number[]> {
    const isLast = this.#slice.lastStep === this.#task.template.steps.length - 1;
    const settle = (no: number, status: Ended['status'], reason: string) =>
      this.#with.store.ledger.settle(this.#slice.taskId, no, status, reason);
    const passed = this.#nodes.filter((node) => this.#next(node).kind === 'passed');
    const out = this.#nodes.filter((node) => this.#next(node).kind === 'out');
    await Promise.all([
      ...(isLast ? passed.map(({ no }) => settle(no, 'ok', '')) : []),
      ...out.map((node) => {
        const row = this.#rowOf(node);
        return settle(node.no, row?.status ?? 'failed', `${this.#step.name}: ${row?.reason ?? ''}`);
      }),
    ]);
    return passed.map(({ no }) => no);
  }

  /** A pause keeps the nodes where they are; a stop puts them back, to begin this step again when the task is retried. */
  async #held(trying: readonly Trying[]): Promise<SliceResult> {
    const nos = trying.map(({ no }) => no);
    if (this.#holding.now !== 'pause')
      await Promise.all(nos.map((no) => this.#with.store.ledger.settle(this.#slice.taskId, no, 'pending', '')));
    const passed = (await this.#passed()).filter((no) => !nos.includes(no));
    return { passed: at(this.#slice.lastStep + 1, passed), held: join(at(this.#slice.firstStep, nos)) };
  }

  async #isHeld(): Promise<boolean> {
    return (await this.#holding.fresh()) !== 'none' || this.#ending.kill.aborted;
  }

  async #pause(ms: number): Promise<void> {
    if (ms === 0) return;
    const signal = AbortSignal.any([this.#ending.kill, this.#ending.leave, this.#holding.held]);
    await delay(ms, undefined, { signal }).catch(() => undefined);
    this.#ending.leave.throwIfAborted();
  }

  #ref({ no, next }: { no: number; next: { try: number } }) {
    return { taskId: this.#slice.taskId, no, step: this.#slice.firstStep, try: next.try };
  }
}

/** Node's timers end at once when they are longer, in ms. */
const LONGEST_TIMER = 2 ** 31 - 1;
