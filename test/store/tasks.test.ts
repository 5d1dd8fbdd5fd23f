import { describe, expect, test } from 'vitest';

import { BadCursor } from '../../store/following.ts';
import { noCounts } from '../../model/status.ts';
import { describeStore } from './databases.ts';
import { newTask, stepRef, taskWithNodes } from './samples.ts';

describeStore('tasks', (store) => {
  test('a new task is pending, with all it was given', async () => {
    const given = newTask({ params: { message: `it's "quoted"\n$HOME 你好 {a,b} \\` } });
    const { task, created } = await store().tasks.create(given);
    expect(created).toBe(true);
    expect(task).toEqual({
      ...given,
      ...{ id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string, status: 'pending', reason: '', hold: 'none' },
      ...{ createdAt: expect.any(Date) as Date, startedAt: null, finishedAt: null },
      ...{ batchesTotal: 0, batchesDone: 0 },
    });
    expect(await store().tasks.get(given.name)).toEqual(task);
    expect(await store().tasks.byId(task.id)).toEqual(task);
  });

  test('a name that is there already gives the task that has it', async () => {
    const first = await store().tasks.create(newTask());
    const second = await store().tasks.create(newTask({ name: first.task.name, digest: 'another' }));
    expect(second).toEqual({ task: first.task, created: false });
  });

  test('of many that create the same name at once, one has created it', async () => {
    const given = newTask();
    const all = await Promise.all(Array.from({ length: 20 }, () => store().tasks.create(given)));
    expect(all.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(all.map(({ task }) => task.id)).size).toBe(1);
  });

  test('what is not there is undefined', async () => {
    expect(await store().tasks.get('nobody')).toBeUndefined();
    expect(await store().tasks.byId('00000000-0000-0000-0000-000000000000')).toBeUndefined();
  });

  test('nodes may be added twice, and in parts', async () => {
    const { task } = await store().tasks.create(newTask());
    const node = (name: string) => ({ name, address: name, labels: { zone: 'x' } });
    const [a, b, c] = [node('a'), node('b'), node('c')];
    await store().tasks.addNodes(task.id, 0, [a, b]);
    await store().tasks.addNodes(task.id, 0, [a, b]);
    await store().tasks.addNodes(task.id, 2, [c]);
    const slice = await store().ledger.slice(task.id, [0, 1, 2]);
    expect(slice.map(({ no, node }) => [no, node])).toEqual([
      [0, a],
      [1, b],
      [2, c],
    ]);
  });

  test('an update changes what it names, and nothing else', async () => {
    const { task } = await store().tasks.create(newTask());
    const startedAt = new Date('2026-01-02T03:04:05.678Z');
    const rollout = { ...task.rollout, batch: [7] };
    const patch = { status: 'running', startedAt, rollout, hold: 'pause', runId: 'r', batchesDone: 4 } as const;
    await store().tasks.update(task.id, patch);
    expect(await store().tasks.byId(task.id)).toEqual({ ...task, ...patch });
    await store().tasks.update(task.id, {});
    expect(await store().tasks.byId(task.id)).toEqual({ ...task, ...patch });
  });

  test('a change of status or reason is an event, once; other changes are none', async () => {
    const { task } = await store().tasks.create(newTask());
    await store().tasks.update(task.id, { status: 'running' });
    await store().tasks.update(task.id, { status: 'running', reason: '' });
    await store().tasks.update(task.id, { hold: 'pause', batchesDone: 1 });
    await store().tasks.update(task.id, { status: 'paused', reason: 'by ann' });
    const events = await store().events.read(task.id, { limit: 10 });
    expect(events.map(({ event }) => event)).toEqual([
      { kind: 'task', status: 'running', reason: '' },
      { kind: 'task', status: 'paused', reason: 'by ann' },
    ]);
  });

  test('holds of several tasks at once', async () => {
    const { task: a } = await store().tasks.create(newTask());
    const { task: b } = await store().tasks.create(newTask());
    await store().tasks.update(b.id, { hold: 'kill' });
    expect(await store().tasks.holds([a.id, b.id])).toEqual(
      new Map([
        [a.id, 'none'],
        [b.id, 'kill'],
      ]),
    );
    expect(await store().tasks.holds([])).toEqual(new Map());
  });

  test('counts nodes by status', async () => {
    const task = await taskWithNodes(store(), 4);
    await store().ledger.begin(1, [stepRef(task.id, 0, 0)]);
    await store().ledger.settle(task.id, 1, 'failed', 'why');
    await store().ledger.settle(task.id, 2, 'failed', 'why');
    expect(await store().tasks.counts(task.id)).toEqual({ ...noCounts(), total: 4, pending: 1, running: 1, failed: 2 });
    const { task: bare } = await store().tasks.create(newTask());
    expect(await store().tasks.counts(bare.id)).toEqual(noCounts());
  });

  test('open tasks are those that have not ended', async () => {
    const { task: open } = await store().tasks.create(newTask());
    const { task: ended } = await store().tasks.create(newTask());
    await store().tasks.update(ended.id, { status: 'terminated' });
    const ids = (await store().tasks.open()).map(({ id }) => id);
    expect(ids).toContain(open.id);
    expect(ids).not.toContain(ended.id);
  });

  describe('the list', () => {
    test('has the newest first, in pages, with counts', async () => {
      const pool = `pool-${Math.random()}`;
      const tasks = [];
      for (let i = 0; i < 5; i++) tasks.push(await taskWithNodes(store(), i, { pool }));
      const names = tasks.map(({ name }) => name).reverse();

      const first = await store().tasks.list({ pool, limit: 2 });
      const second = await store().tasks.list({ pool, limit: 2, before: first.next ?? '' });
      const third = await store().tasks.list({ pool, limit: 2, before: second.next ?? '' });

      expect([first, second, third].map(({ items }) => items.map(({ name }) => name))).toEqual([
        names.slice(0, 2),
        names.slice(2, 4),
        names.slice(4),
      ]);
      expect(third).not.toHaveProperty('next');
      expect(first.items[0]).toEqual(tasks[4]);
      expect([...first.counts.values()].map(({ total }) => total)).toEqual([4, 3]);
      expect(third.counts.get(tasks[0]?.id ?? '')).toEqual(noCounts());
    });

    test('is filtered by status, pool and template', async () => {
      const pool = `pool-${Math.random()}`;
      const template = { ...newTask().template, name: `template-${Math.random()}` };
      const { task } = await store().tasks.create(newTask({ pool, template }));
      await store().tasks.update(task.id, { status: 'stopped' });
      const list = async (query: object) =>
        (await store().tasks.list({ ...query, limit: 5 })).items.map(({ id }) => id);
      expect(await list({ pool, status: 'stopped', template: template.name })).toEqual([task.id]);
      expect(await list({ pool, status: 'ok' })).toEqual([]);
      expect(await list({ template: template.name, pool: 'another' })).toEqual([]);
    });

    test('refuses a cursor that no list gave', async () => {
      await expect(store().tasks.list({ limit: 1, before: '12' })).rejects.toThrow(BadCursor);
    });
  });
});
