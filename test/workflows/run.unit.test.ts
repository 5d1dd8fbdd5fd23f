import { describe, expect, it } from 'vitest';
import type { OpenedTask, Standing } from '../../model/activities.ts';
import { DEFAULT_ROLLOUT, mergeRollout, type RolloutSpec } from '../../model/rollout.ts';
import { count, numbers } from '../../model/spans.ts';
import { noCounts } from '../../model/status.ts';
import { begin, Run, type Batch } from '../../workflows/run.ts';

/** A fleet whose nodes fail as told; plays the ledger to a Run. */
class Fleet {
  readonly run: Run;
  readonly batches: Batch[] = [];
  readonly #total: number;
  readonly #ok = new Set<number>();
  readonly #failed = new Set<number>();
  readonly #skipped = new Set<number>();

  constructor(total: number, rollout: RolloutSpec) {
    this.#total = total;
    const opened: OpenedTask = {
      taskId: 't',
      template: 'web',
      steps: [{ name: 'start', deadline: 1000 }],
      total,
      rollout: mergeRollout(DEFAULT_ROLLOUT, rollout),
      remaining: [{ from: 0, to: total - 1, step: 0 }],
      counts: { ...noCounts(), total, pending: total },
      nextBatch: 1,
      batchesDone: 0,
      accepted: 0,
      link: '',
    };
    this.run = new Run(begin(opened));
  }

  start(): Batch {
    const batch = this.run.nextBatch();
    this.batches.push(batch);
    this.run.began(batch);
    return batch;
  }

  end({ batch, spans }: Batch, broken: number[] = []): void {
    for (const no of numbers(spans)) (broken.includes(no) ? this.#failed : this.#ok).add(no);
    this.run.ended(batch);
    this.run.counted(this.standing);
  }

  /** Runs everything that may run. */
  go(broken: number[] = []): this {
    while (this.run.mayStart) this.end(this.start(), broken);
    return this;
  }

  retry(nos: number[]): void {
    for (const no of nos) this.#failed.delete(no);
    this.run.requeued(
      nos.map((no) => ({ from: no, to: no, step: 0 })),
      this.standing,
    );
  }

  skip(nos: number[]): void {
    for (const no of nos) {
      this.#failed.delete(no);
      this.#skipped.add(no);
    }
    this.run.skipped(
      nos.map((no) => ({ from: no, to: no, step: 0 })),
      this.standing,
    );
  }

  get sizes(): number[] {
    return this.batches.map(({ spans }) => count(spans));
  }

  get standing(): Standing {
    const pending = this.#total - this.#ok.size - this.#failed.size - this.#skipped.size;
    return {
      counts: {
        ...noCounts(),
        total: this.#total,
        ok: this.#ok.size,
        failed: this.#failed.size,
        skipped: this.#skipped.size,
        pending,
      },
      failed: [...this.#failed].map((no) => ({
        name: `n${no}`,
        step: 'start',
        status: 'failed',
        reason: 'exit code 1',
      })),
    };
  }
}

const fleet = (total: number, rollout: RolloutSpec) => new Fleet(total, rollout);

describe('batches', () => {
  it('have the planned sizes, the canary first', () => {
    expect(fleet(24, { batch: 10, canary: 1 }).go().sizes).toEqual([1, 10, 10, 3]);
    expect(fleet(24, { batch: '20%' }).go().sizes).toEqual([4, 4, 4, 4, 4, 4]);
    expect(fleet(30, { batch: ['50%', 8] }).go().sizes).toEqual([8, 8, 8, 6]);
  });

  it('run one at a time in one lane', () => {
    const nodes = fleet(10, { batch: 4 });
    nodes.start();
    expect(nodes.run.mayStart).toBe(false);
  });

  it('in several lanes advance on their own, never with more nodes in flight than the batch', () => {
    const nodes = fleet(20, { batch: 6, lanes: 3 });
    const first = nodes.start();
    const second = nodes.start();
    nodes.start();
    expect(nodes.sizes).toEqual([2, 2, 2]);
    expect(nodes.run.mayStart).toBe(false);
    nodes.end(second);
    expect(nodes.run.mayStart).toBe(true);
    nodes.start();
    expect(nodes.run.mayStart).toBe(false);
    nodes.end(first);
    expect(nodes.run.mayStart).toBe(true);
  });

  it('wait for the canary alone, whatever the lanes', () => {
    const nodes = fleet(20, { batch: 6, lanes: 3, canary: 1 });
    const canary = nodes.start();
    expect(nodes.run.mayStart).toBe(false);
    nodes.end(canary);
    expect(nodes.run.mayStart).toBe(true);
  });

  it('take a new size from the next one on', () => {
    const nodes = fleet(20, { batch: 2 });
    nodes.end(nodes.start());
    nodes.run.edit({ batch: 9 });
    expect(nodes.go().sizes).toEqual([2, 9, 9]);
  });

  it('count baking nodes as in flight', () => {
    const nodes = fleet(10, { batch: 4, bake: 1000 });
    nodes.end(nodes.start());
    nodes.run.bakes(4);
    expect(nodes.run.mayStart).toBe(false);
    nodes.run.bakes(-4);
    expect(nodes.run.mayStart).toBe(true);
  });
});

describe('the failure budget', () => {
  it('is spent when failures exceed it, not when they reach it', () => {
    expect(fleet(30, { batch: 10, maxFailures: 3 }).go([0, 1, 2]).sizes).toEqual([10, 10, 10]);
    expect(fleet(30, { batch: 10, maxFailures: 3 }).go([0, 1, 2, 3]).sizes).toEqual([10]);
  });

  it('as a share counts all nodes of the task', () => {
    expect(fleet(40, { batch: 10, maxFailures: '5%' }).go([0, 1]).sizes).toHaveLength(4);
    expect(fleet(40, { batch: 10, maxFailures: '5%' }).go([0, 1, 2]).sizes).toHaveLength(1);
  });

  it('pauses and says why', () => {
    const { run } = fleet(30, { batch: 10, maxFailures: 3, onBudget: 'pause' }).go([0, 1, 2, 3]);
    expect(run.status).toBe('paused');
    expect(run.isOver).toBe(false);
    expect(run.reason).toBe(
      'failure budget spent: 4 of 30 nodes failed, more than 3 allowed: n0 at start, n1 at start, n2 at start, …',
    );
  });

  it('goes on by itself once a retry has brought it back', () => {
    const nodes = fleet(30, { batch: 10, maxFailures: 3 }).go([0, 1, 2, 3]);
    nodes.retry([0, 1, 2, 3]);
    expect(nodes.run.status).toBe('running');
    nodes.go();
    expect(nodes.run.ending).toEqual({ status: 'ok', reason: '' });
    expect(nodes.sizes).toEqual([10, 10, 10, 4]);
    expect(nodes.batches[1]?.spans).toEqual([
      { from: 0, to: 3, step: 0 },
      { from: 10, to: 15, step: 0 },
    ]);
  });

  it('goes on once enough nodes are skipped, or it is raised', () => {
    const skipping = fleet(30, { batch: 10, maxFailures: 3 }).go([0, 1, 2, 3]);
    skipping.skip([3]);
    expect(skipping.run.mayStart).toBe(true);
    const raising = fleet(30, { batch: 10, maxFailures: 3 }).go([0, 1, 2, 3]);
    raising.run.edit({ maxFailures: 4 });
    expect(raising.run.mayStart).toBe(true);
  });

  it('begins anew after a resume, which accepts the failures so far', () => {
    const nodes = fleet(40, { batch: 10, maxFailures: 1 }).go([0, 1, 10, 20, 21]);
    expect(nodes.sizes).toHaveLength(1);
    nodes.run.resume();
    nodes.go([0, 1, 10, 20, 21]);
    expect(nodes.sizes).toHaveLength(3);
    expect(nodes.run.reason).toContain('3 of 40 nodes failed (besides 2 accepted before)');
  });

  it('ends the task as failed when it is to stop', () => {
    const { run } = fleet(30, { batch: 10, maxFailures: 0, onBudget: 'stop' }).go([4]);
    expect(run.isOver).toBe(true);
    expect(run.ending.status).toBe('failed');
    expect(run.ending.reason).toContain('failure budget spent');
  });

  it('with nothing left to protect ends the task as failed', () => {
    const { run } = fleet(10, { batch: 10, maxFailures: 0, onBudget: 'pause' }).go([4]);
    expect(run.isOver).toBe(true);
    expect(run.ending).toEqual({ status: 'failed', reason: '1 of 10 nodes failed: n4 at start' });
  });
});

describe('an operator', () => {
  it('pauses between batches and goes on', () => {
    const nodes = fleet(10, { batch: 5 });
    nodes.run.pause();
    expect(nodes.run.mayStart).toBe(false);
    expect(nodes.run.status).toBe('paused');
    nodes.run.resume();
    expect(nodes.go().sizes).toEqual([5, 5]);
  });

  it('stops: no batch starts, the end is `stopped`', () => {
    const nodes = fleet(10, { batch: 5 });
    const batch = nodes.start();
    nodes.run.stop('stop');
    expect(nodes.run.isOver).toBe(false);
    nodes.end(batch);
    expect(nodes.run.isOver).toBe(true);
    expect(nodes.run.ending.status).toBe('stopped');
  });

  it('cannot take back a kill by a mere stop', () => {
    const { run } = fleet(10, { batch: 5 });
    run.stop('kill');
    run.stop('stop');
    expect(run.hold).toBe('kill');
  });

  it('cannot change the order under a running batch', () => {
    const nodes = fleet(10, { batch: 5 });
    expect(nodes.run.refusal({ order: 'node' })).toBeUndefined();
    nodes.start();
    expect(nodes.run.refusal({ order: 'node' })).toContain('pause');
  });
});
