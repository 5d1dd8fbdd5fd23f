import { describe, expect, test } from 'vitest';

import { numbers } from '../../model/spans.ts';
import type { StepEnd } from '../../store/steps.ts';
import { describeStore } from './databases.ts';
import { cancelled, failed, jobRef, newTask, ok, stepRef, taskWithNodes } from './samples.ts';

describeStore('ledger', (store) => {
  const nodesOf = async (taskId: string, pageSize = 100) =>
    (await store().ledger.nodes(taskId, { page: 1, pageSize })).items;
  const stepOf = async (taskId: string, no: number, step: number) => {
    const [node] = await store().ledger.slice(taskId, [no]);
    return node?.steps.find((row) => row.step === step);
  };
  const eventsOf = async (taskId: string) =>
    (await store().events.read(taskId, { limit: 1000 })).map(({ event }) => event);

  describe('a step', () => {
    test('begins: it and its node are running', async () => {
      const { id } = await taskWithNodes(store(), 2);
      await store().ledger.begin(3, [stepRef(id, 0, 0)]);
      const [node] = await store().ledger.slice(id, [0]);
      expect(node).toMatchObject({ no: 0, status: 'running', jobs: [], node: { name: 'node-0' } });
      expect(node?.steps).toEqual([
        {
          ...{ step: 0, status: 'running', try: 1, firstTry: 1, batch: 3, exitCode: null, reason: '' },
          ...{ startedAt: expect.any(Date) as Date, finishedAt: null },
        },
      ]);
      expect(await eventsOf(id)).toEqual([
        { kind: 'node', no: 0, node: 'node-0', status: 'running', reason: '' },
        { kind: 'step', no: 0, node: 'node-0', step: 'pull', try: 1, status: 'running', reason: '' },
      ]);
    });

    test('finishes with what it came to', async () => {
      const { id } = await taskWithNodes(store(), 1);
      await store().ledger.begin(1, [stepRef(id, 0, 0)]);
      await store().ledger.finish(stepRef(id, 0, 0), failed);
      expect(await stepOf(id, 0, 0)).toMatchObject({ ...failed, finishedAt: expect.any(Date) as Date });
      expect((await eventsOf(id)).at(-1)).toMatchObject({ kind: 'step', status: 'failed', reason: 'exit code 2' });
    });

    test('that is begun or finished again by a re-run stays as it is, with no event more', async () => {
      const { id } = await taskWithNodes(store(), 1);
      const ref = stepRef(id, 0, 0);
      await store().ledger.begin(1, [ref]);
      const begun = await stepOf(id, 0, 0);
      await store().ledger.begin(1, [ref]);
      expect(await stepOf(id, 0, 0)).toEqual(begun);
      await store().ledger.finish(ref, failed);
      const finished = await stepOf(id, 0, 0);
      await store().ledger.settle(id, 0, 'failed', 'pull: exit code 2');

      await store().ledger.begin(1, [ref]);
      await store().ledger.finish(ref, ok);
      await store().ledger.settle(id, 0, 'failed', 'pull: exit code 2');

      expect(await stepOf(id, 0, 0)).toEqual(finished);
      expect((await nodesOf(id))[0]).toMatchObject({ status: 'failed', reason: 'pull: exit code 2' });
      expect(await eventsOf(id)).toHaveLength(4);
    });

    test('is tried again in its batch, and in a later one: the count goes on, the first try is the batch’s', async () => {
      const { id } = await taskWithNodes(store(), 1);
      await store().ledger.begin(1, [stepRef(id, 0, 0, 1)]);
      await store().ledger.finish(stepRef(id, 0, 0, 1), failed);
      await store().ledger.begin(1, [stepRef(id, 0, 0, 2)]);
      expect(await stepOf(id, 0, 0)).toMatchObject({
        try: 2,
        firstTry: 1,
        batch: 1,
        status: 'running',
        exitCode: null,
      });
      await store().ledger.finish(stepRef(id, 0, 0, 2), failed);
      await store().ledger.begin(5, [stepRef(id, 0, 0, 3)]);
      expect(await stepOf(id, 0, 0)).toMatchObject({ try: 3, firstTry: 3, batch: 5, status: 'running' });
    });

    test('is not touched by what an earlier try still has to say', async () => {
      const { id } = await taskWithNodes(store(), 1);
      await store().ledger.begin(2, [stepRef(id, 0, 0, 2)]);
      await store().ledger.finish(stepRef(id, 0, 0, 1), failed);
      await store().ledger.begin(1, [stepRef(id, 0, 0, 1)]);
      expect(await stepOf(id, 0, 0)).toMatchObject({ try: 2, batch: 2, status: 'running' });
    });

    test('that ends before it began is kept all the same', async () => {
      const { id } = await taskWithNodes(store(), 1);
      const end = { status: 'unreachable', exitCode: null, reason: 'refused' } as const;
      await store().ledger.finish(stepRef(id, 0, 1), end);
      expect(await stepOf(id, 0, 1)).toMatchObject({ ...end, batch: 0, startedAt: null });
    });
  });

  describe('writes', () => {
    test('at the same time are all kept', async () => {
      const { id } = await taskWithNodes(store(), 300);
      const nos = numbers([{ from: 0, to: 299, step: 0 }]);
      await Promise.all(nos.map((no) => store().ledger.begin(1, [stepRef(id, no, 0)])));
      await Promise.all(
        nos.map(async (no) => {
          await store().ledger.startJob(jobRef(id, no), `token-${no}`);
          await store().logs.append(jobRef(id, no), 'out', 0, Buffer.from(`line of ${no}\n`), 20);
          await store().ledger.finishJob(jobRef(id, no), { kind: 'exited', code: no % 2 });
          await store().ledger.finish(stepRef(id, no, 0), no % 2 ? failed : ok);
          await store().ledger.settle(id, no, no % 2 ? 'failed' : 'ok', '');
        }),
      );
      expect(await store().tasks.counts(id)).toMatchObject({ ok: 150, failed: 150, running: 0, total: 300 });
      const slice = await store().ledger.slice(id, nos);
      expect(slice.map(({ jobs }) => jobs)).toEqual(
        nos.map((no) => [
          {
            step: 0,
            try: 1,
            action: 0,
            token: `token-${no}`,
            out: 20,
            err: 0,
            outcome: { kind: 'exited', code: no % 2 },
          },
        ]),
      );
      const events = await eventsOf(id);
      expect(events).toHaveLength(1000); // the limit; 1,200 in all
    });

    test('to one row, made at once, leave the last one standing', async () => {
      const { id } = await taskWithNodes(store(), 1);
      const ref = stepRef(id, 0, 0);
      await Promise.all([
        store().ledger.begin(1, [ref]),
        store().ledger.finish(ref, failed),
        store().ledger.begin(1, [stepRef(id, 0, 0, 2)]),
        store().ledger.finish(stepRef(id, 0, 0, 2), ok),
        store().ledger.settle(id, 0, 'failed', ''),
        store().ledger.settle(id, 0, 'ok', ''),
      ]);
      expect(await stepOf(id, 0, 0)).toMatchObject({ ...ok, try: 2 });
      const told = (await eventsOf(id)).map((event) => (event.kind === 'batch' ? '' : event.status));
      expect(told).toEqual(['running', 'running', 'failed', 'running', 'ok', 'failed', 'ok']);
    });

    test('that cannot be take no other with them', async () => {
      const { id } = await taskWithNodes(store(), 3);
      const results = await Promise.allSettled([
        store().ledger.begin(1, [stepRef(id, 0, 0)]),
        store().ledger.begin(1, [stepRef(id, 99, 0)]),
        store().ledger.begin(1, [stepRef('no uuid', 0, 0)]),
        store().ledger.begin(1, [stepRef(id, 1, 0)]),
        store().ledger.settle(id, 2, 'ok', ''),
      ]);
      expect(results.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'rejected',
        'fulfilled',
        'fulfilled',
      ]);
      expect((await nodesOf(id)).map(({ status }) => status)).toEqual(['running', 'running', 'ok']);
      expect(await eventsOf(id)).toHaveLength(5);
    });

    test('hold text that PostgreSQL cannot', async () => {
      const { id } = await taskWithNodes(store(), 1);
      await store().ledger.begin(1, [stepRef(id, 0, 0)]);
      await store().ledger.finish(stepRef(id, 0, 0), { ...failed, reason: 'a\0b \ud800 \u{1F600} "\\u0000' });
      expect(await stepOf(id, 0, 0)).toMatchObject({ reason: 'ab \ufffd \u{1F600} "\\u0000' });
      await store().ledger.finishJob(jobRef(id, 0), { reason: 'x\0y' });
      const [node] = await store().ledger.slice(id, [0]);
      expect(node?.jobs[0]?.outcome).toEqual({ reason: 'xy' });
    });
  });

  describe('a job', () => {
    test('keeps the token it was first sent under, and the outcome it first came to', async () => {
      const { id } = await taskWithNodes(store(), 1);
      const ref = jobRef(id, 0, 1, 2, 3);
      await store().logs.append(ref, 'err', 0, Buffer.from('x'), 1);
      await store().ledger.startJob(ref, 'first');
      await store().ledger.startJob(ref, 'second');
      await store().ledger.startJob(ref, null);
      await store().ledger.finishJob(ref, { code: 0 });
      await store().ledger.finishJob(ref, { code: 1 });
      const [node] = await store().ledger.slice(id, [0]);
      const job = { step: 1, try: 2, action: 3, token: 'first', out: 0, err: 1, outcome: { code: 0 } };
      expect(node?.jobs).toEqual([job]);
    });

    test('of the present try that was sent and has no outcome is open', async () => {
      const { id } = await taskWithNodes(store(), 4);
      await store().ledger.begin(1, [stepRef(id, 0, 0), stepRef(id, 1, 0), stepRef(id, 2, 0), stepRef(id, 3, 0, 2)]);
      await store().ledger.startJob(jobRef(id, 3, 0, 1), 'c');
      await store().ledger.startJob(jobRef(id, 0), 'a');
      await store().ledger.startJob(jobRef(id, 1), 'b');
      await store().ledger.finishJob(jobRef(id, 1), { code: 0 });
      await store().logs.append(jobRef(id, 2), 'out', 0, Buffer.from('x'), 1);
      const open = await store().ledger.openJobs(id);
      expect(open.map(({ ref, node }) => [ref, node.name])).toEqual([[jobRef(id, 0), 'node-0']]);
    });
  });

  describe('what remains', () => {
    test('of a new task is one span', async () => {
      const { id } = await taskWithNodes(store(), 50);
      expect(await store().ledger.remaining(id)).toEqual([{ from: 0, to: 49, step: 0 }]);
    });

    test('is every node that is neither ok nor skipped, from its first step that has not passed', async () => {
      const { id } = await taskWithNodes(store(), 9);
      const begin = (no: number, step: number) => store().ledger.begin(1, [stepRef(id, no, step)]);
      const finish = (no: number, step: number, end: StepEnd) => store().ledger.finish(stepRef(id, no, step), end);
      // 0 and 1: through. 2: skipped. 3 and 4: passed the first step. 5: its ignored step failed. 6: cancelled in its third.
      for (const no of [0, 1]) {
        for (const step of [0, 1, 2]) {
          await begin(no, step);
          await finish(no, step, ok);
        }
        await store().ledger.settle(id, no, 'ok', '');
      }
      await store().ledger.settle(id, 2, 'skipped', '');
      for (const no of [3, 4, 5, 6]) {
        await begin(no, 0);
        await finish(no, 0, ok);
      }
      await begin(4, 1);
      await begin(5, 1);
      await finish(5, 1, failed);
      await begin(6, 1);
      await finish(6, 1, ok);
      await begin(6, 2);
      await finish(6, 2, cancelled);
      await store().ledger.settle(id, 6, 'cancelled', 'killed');
      expect(await store().ledger.remaining(id)).toEqual([
        { from: 3, to: 4, step: 1 },
        { from: 5, to: 6, step: 2 },
        { from: 7, to: 8, step: 0 },
      ]);
    });

    test('of 10,000 nodes is known in a moment', async () => {
      const { id } = await taskWithNodes(store(), 10_000);
      const all = numbers([{ from: 0, to: 9_999, step: 0 }]);
      await store().ledger.begin(
        1,
        all.map((no) => stepRef(id, no, 0)),
      );
      await Promise.all(all.map((no) => store().ledger.finish(stepRef(id, no, 0), no % 10 === 9 ? failed : ok)));
      const start = performance.now();
      const spans = await store().ledger.remaining(id);
      expect(performance.now() - start).toBeLessThan(2_000);
      expect(spans).toHaveLength(2_000);
      expect(spans.slice(0, 3)).toEqual([
        { from: 0, to: 8, step: 1 },
        { from: 9, to: 9, step: 0 },
        { from: 10, to: 18, step: 1 },
      ]);
    });
  });

  test('requeued nodes are pending, from their failed step, which keeps its tries; no other node is touched', async () => {
    const { id } = await taskWithNodes(store(), 4);
    const ends = [failed, cancelled, ok];
    for (const [no, end] of ends.entries()) {
      await store().ledger.begin(1, [stepRef(id, no, 0)]);
      await store().ledger.finish(stepRef(id, no, 0), ok);
      await store().ledger.begin(1, [stepRef(id, no, 1)]);
      await store().ledger.finish(stepRef(id, no, 1), failed); // ignored
      await store().ledger.begin(1, [stepRef(id, no, 2, 4)]);
      await store().ledger.finish(stepRef(id, no, 2, 4), end);
      await store().ledger.settle(id, no, end.status, end.reason);
    }
    await store().ledger.requeue(id, [0, 1, 2, 3]);
    await store().ledger.requeue(id, [0, 1, 2, 3]);
    const nodes = await nodesOf(id);
    expect(nodes.map(({ status, reason }) => [status, reason])).toEqual([
      ['pending', ''],
      ['pending', ''],
      ['ok', ''],
      ['pending', ''],
    ]);
    expect(nodes[0]?.steps.map(({ status, tries }) => [status, tries])).toEqual([
      ['ok', 1],
      ['failed', 1],
      ['pending', 4],
    ]);
    expect(await store().ledger.remaining(id)).toEqual([
      { from: 0, to: 1, step: 2 },
      { from: 3, to: 3, step: 0 },
    ]);
    expect((await eventsOf(id)).filter(({ kind }) => kind === 'node')).toHaveLength(3 + 3 + 2);
    await store().ledger.begin(2, [stepRef(id, 0, 2, 5)]);
    expect(await stepOf(id, 0, 2)).toMatchObject({ status: 'running', try: 5, firstTry: 5 });
  });

  test('skipped are nodes that are neither ok nor running', async () => {
    const { id } = await taskWithNodes(store(), 4);
    await store().ledger.begin(1, [stepRef(id, 1, 0)]);
    await store().ledger.settle(id, 2, 'ok', '');
    await store().ledger.settle(id, 3, 'failed', 'why');
    await store().ledger.skip(id, [0, 1, 2, 3]);
    await store().ledger.skip(id, [0, 1, 2, 3]);
    expect((await nodesOf(id)).map(({ status }) => status)).toEqual(['skipped', 'running', 'ok', 'skipped']);
    expect((await eventsOf(id)).filter((event) => event.kind === 'node' && event.status === 'skipped')).toHaveLength(2);
  });

  test('nothing is running in a released task, and all of it remains', async () => {
    const { id } = await taskWithNodes(store(), 3);
    await store().ledger.begin(1, [stepRef(id, 0, 0), stepRef(id, 1, 0)]);
    await store().ledger.finish(stepRef(id, 1, 0), ok);
    await store().ledger.release(id);
    await store().ledger.release(id);
    expect((await nodesOf(id)).map(({ status }) => status)).toEqual(['cancelled', 'pending', 'pending']);
    expect(await stepOf(id, 0, 0)).toMatchObject({ status: 'cancelled' });
    expect(await store().ledger.remaining(id)).toEqual([
      { from: 0, to: 0, step: 0 },
      { from: 1, to: 1, step: 1 },
      { from: 2, to: 2, step: 0 },
    ]);
    expect(await eventsOf(id)).toHaveLength(4 + 1 + 1 + 2);
  });

  test('failed nodes are named with the step that failed, as many as asked for', async () => {
    const { id } = await taskWithNodes(store(), 4);
    await store().ledger.begin(1, [stepRef(id, 2, 0)]);
    await store().ledger.finish(stepRef(id, 2, 0), ok);
    await store().ledger.finish(stepRef(id, 2, 1), failed); // ignored
    await store().ledger.finish(stepRef(id, 2, 2), { ...failed, reason: 'exit code 3' });
    await store().ledger.settle(id, 2, 'failed', 'start: exit code 3');
    await store().ledger.settle(id, 3, 'unreachable', 'refused');
    await store().ledger.settle(id, 1, 'cancelled', '');
    const start = { no: 2, name: 'node-2', step: 2, stepName: 'start', status: 'failed', reason: 'start: exit code 3' };
    const pull = { no: 3, name: 'node-3', step: 0, stepName: 'pull', status: 'unreachable', reason: 'refused' };
    expect(await store().ledger.failed(id)).toEqual([start, pull]);
    expect(await store().ledger.failed(id, 1)).toEqual([start]);
  });

  test('nodes are chosen by name, or because they failed', async () => {
    const { id } = await taskWithNodes(store(), 4);
    await store().ledger.begin(7, [stepRef(id, 1, 0)]);
    await store().ledger.settle(id, 1, 'timed_out', '');
    await store().ledger.settle(id, 2, 'cancelled', '');
    expect(await store().ledger.choose(id)).toEqual([
      { no: 1, name: 'node-1', batch: 7, status: 'timed_out' },
      { no: 2, name: 'node-2', batch: null, status: 'cancelled' },
    ]);
    const named = await store().ledger.choose(id, ['node-3', 'nobody', 'node-0']);
    expect(named.map(({ no }) => no)).toEqual([0, 3]);
    expect(await store().ledger.choose(id, [])).toEqual([]);
  });

  test('names have numbers, and numbers names', async () => {
    const { id } = await taskWithNodes(store(), 3);
    expect(await store().ledger.numbers(id, ['node-2', 'nobody', 'node-0'])).toEqual(
      new Map([
        ['node-0', 0],
        ['node-2', 2],
      ]),
    );
    expect(await store().ledger.numbers(id, [])).toEqual(new Map());
    expect(await store().ledger.names(id)).toEqual(['node-0', 'node-1', 'node-2']);
  });

  test('a batch tells of its start and its end once, and its number is remembered', async () => {
    const { id } = await taskWithNodes(store(), 3);
    expect(await store().ledger.lastBatch(id)).toBe(0);
    for (const state of ['started', 'started', 'finished', 'finished'] as const)
      await store().ledger.batch(id, 2, 3, state);
    expect(await eventsOf(id)).toEqual([
      { kind: 'batch', batch: 2, nodes: 3, state: 'started' },
      { kind: 'batch', batch: 2, nodes: 3, state: 'finished' },
    ]);
    expect(await store().ledger.lastBatch(id)).toBe(2);
  });

  describe('the page of nodes', () => {
    test('has every step of the template', async () => {
      const { id } = await taskWithNodes(store(), 1);
      await store().ledger.begin(2, [stepRef(id, 0, 0)]);
      await store().ledger.finish(stepRef(id, 0, 0), failed);
      await store().ledger.settle(id, 0, 'failed', 'pull: exit code 2');
      const pending = { status: 'pending', tries: 0, exitCode: null, startedAt: null, finishedAt: null, reason: '' };
      const iso = expect.stringMatching(/^\d{4}-.*Z$/) as string;
      expect(await store().ledger.nodes(id, { page: 1, pageSize: 10 })).toEqual({
        ...{ page: 1, page_size: 10, total: 1 },
        items: [
          {
            ...{ no: 0, name: 'node-0', address: '192.0.2.0', batch: 2, status: 'failed', reason: 'pull: exit code 2' },
            steps: [
              { ...failed, name: 'pull', tries: 1, startedAt: iso, finishedAt: iso },
              { ...pending, name: 'tidy' },
              { ...pending, name: 'start' },
            ],
          },
        ],
      });
    });

    test('is by number, and filtered by status and name', async () => {
      const { id } = await taskWithNodes(store(), 25);
      await store().ledger.settle(id, 3, 'failed', '');
      await store().ledger.settle(id, 20, 'timed_out', '');
      const page = async (query: object) => {
        const { items, total } = await store().ledger.nodes(id, { page: 1, pageSize: 10, ...query });
        return [items.map(({ no }) => no), total];
      };
      expect(await page({ page: 3 })).toEqual([[20, 21, 22, 23, 24], 25]);
      expect(await page({ page: 4 })).toEqual([[], 25]);
      expect(await page({ status: 'failed' })).toEqual([[3], 1]);
      expect(await page({ status: ['failed', 'timed_out'] })).toEqual([[3, 20], 2]);
      expect(await page({ name: 'node-7' })).toEqual([[7], 1]);
      expect(await page({ name: 'node-7', status: 'ok' })).toEqual([[], 0]);
    });

    test('of a task without nodes is empty', async () => {
      const { task } = await store().tasks.create(newTask());
      expect(await store().ledger.nodes(task.id, { page: 1, pageSize: 10 })).toMatchObject({ items: [], total: 0 });
    });
  });

  test('tells of nodes by ids of their own, with the steps they have come to', async () => {
    const task = await taskWithNodes(store(), 2);
    await store().ledger.begin(1, [stepRef(task.id, 0, 0)]);
    await store().ledger.finish(stepRef(task.id, 0, 0), ok);
    await store().ledger.begin(1, [stepRef(task.id, 0, 1)]);
    const [first, second] = await store().ledger.opendcpNodes(task.id);
    const at = expect.any(Date) as Date;
    expect(first).toEqual({
      ...{
        id: expect.any(Number) as number,
        no: 0,
        name: 'node-0',
        address: '192.0.2.0',
        status: 'running',
        reason: '',
      },
      steps: [
        { step: 0, status: 'ok', startedAt: at, finishedAt: at },
        { step: 1, status: 'running', startedAt: at, finishedAt: null },
      ],
    });
    expect(second).toMatchObject({ no: 1, status: 'pending', steps: [] });
    expect(await store().ledger.nodeById(first?.id ?? 0)).toEqual({ ...first, taskId: task.id });
    for (const id of [0, 1.5, 1e30]) expect(await store().ledger.nodeById(id)).toBeUndefined();
  });
});
