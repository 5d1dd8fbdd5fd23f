import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { BadCursor } from '../../store/following.ts';
import { noCounts } from '../../model/status.ts';
import type { TaskSort } from '../../store/task-order.ts';
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
      ...{ batchesTotal: 0, batchesDone: 0, seq: expect.any(Number) as number, templateName: 'web' },
      ...{ title: null, templateId: null, templateVersion: null, opendcp: null },
      ...{ poolId: null, action: null, schedule: null },
    });
    expect(await store().tasks.get(given.name)).toEqual(task);
    expect(await store().tasks.byId(task.id)).toEqual(task);
  });

  test('a task of a pool is given its nodes when it has its turn, once', async () => {
    const { task } = await store().tasks.create(newTask({ kind: 'expand', poolId: 7, action: { expand: { by: 2 } } }));
    const { kind, template, templateId, templateVersion, rollout } = task;
    const nodes = [
      { name: 'web-1', address: '' },
      { name: 'web-2', address: '' },
    ];
    const drawn = { ...{ kind, template, templateId, templateVersion, rollout }, runId: 'run', nodes };
    expect(await store().tasks.draw(task.id, drawn)).toBe(true);
    expect(await store().tasks.draw(task.id, { ...drawn, nodes: nodes.slice(1) })).toBe(false);
    const after = await store().tasks.byId(task.id);
    expect(after).toMatchObject({ status: 'running', nodesTotal: 2, runId: 'run', action: { expand: { by: 2 } } });
    expect(after?.startedAt).toBeInstanceOf(Date);
    expect(await store().ledger.names(task.id)).toEqual(['web-1', 'web-2']);
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
    for (const none of ['nobody', 'no\0body']) expect(await store().tasks.get(none)).toBeUndefined();
    expect(await store().tasks.byId('00000000-0000-0000-0000-000000000000')).toBeUndefined();
  });

  test('keeps what the catalogue and OpenDCP’s clients know it by', async () => {
    const seq = await store().tasks.reserveNumber();
    const opendcp = { options: [{ name: 'start', param_values: { tag: '1' }, retry: null }], stepLen: 2 };
    const given = newTask({ seq, title: 'expand_web', templateId: 4, templateVersion: 7, opendcp });
    const { task } = await store().tasks.create(given);
    expect(task).toMatchObject(given);
    expect(await store().tasks.bySeq(seq)).toEqual(task);
    const { task: next } = await store().tasks.create(newTask());
    expect(next.seq).toBeGreaterThan(seq);
    for (const none of [0, -1, 1.5, 1e30, next.seq + 1000]) expect(await store().tasks.bySeq(none)).toBeUndefined();
  });

  test('a number that another task has is refused', async () => {
    const { task } = await store().tasks.create(newTask());
    await expect(store().tasks.create(newTask({ seq: task.seq }))).rejects.toThrow(`its number ${task.seq} is another`);
  });

  test('of many that create the same name and number at once, one has created it', async () => {
    const given = newTask({ seq: await store().tasks.reserveNumber() });
    const all = await Promise.all(Array.from({ length: 10 }, () => store().tasks.create(given)));
    expect(all.filter(({ created }) => created)).toHaveLength(1);
  });

  test('comes with its nodes or not at all', async () => {
    const nodes = ['a', 'b'].map((name) => ({ name, address: name }));
    const { task } = await store().tasks.create({ ...newTask(), nodes });
    expect(await store().ledger.names(task.id)).toEqual(['a', 'b']);
    const again = await store().tasks.create({ ...newTask({ name: task.name }), nodes: [{ name: 'c', address: 'c' }] });
    expect(again).toEqual({ task, created: false });
    expect(await store().ledger.names(task.id)).toEqual(['a', 'b']);
    const twice = newTask();
    await expect(store().tasks.create({ ...twice, nodes: [...nodes, ...nodes] })).rejects.toThrow('duplicate key');
    expect(await store().tasks.get(twice.name)).toBeUndefined();
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
      expect(tasks[4]).toMatchObject(first.items[0] ?? {});
      expect(first.items[0]).not.toHaveProperty('template');
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

    test('is sorted by name, creation or end, either way, in pages', async () => {
      const pool = `pool-${Math.random()}`;
      const ends = [null, 2000, 1000, 2000, null];
      const names: string[] = [];
      for (const [index, end] of ends.entries()) {
        const { task } = await store().tasks.create(newTask({ pool, name: `${'caebd'[index] ?? ''}-${pool}` }));
        names.push(task.name);
        if (end !== null) await store().tasks.update(task.id, { status: 'ok', finishedAt: new Date(end) });
      }
      const inPages = async (sort: TaskSort) => {
        const found: string[] = [];
        let before: string | undefined;
        do {
          const page = await store().tasks.list({ pool, sort, limit: 2, ...(before !== undefined && { before }) });
          found.push(...page.items.map(({ name }) => name));
          before = page.next;
        } while (before !== undefined);
        return found;
      };
      const orders = { createdAt: [0, 1, 2, 3, 4], name: [1, 3, 0, 4, 2], finishedAt: [2, 1, 3, 0, 4] } as const;
      for (const by of ['createdAt', 'name', 'finishedAt'] as const) {
        const expected = orders[by].map((index) => names[index]);
        expect(await inPages({ by, descending: false })).toEqual(expected);
        expect(await inPages({ by, descending: true })).toEqual([...expected].reverse());
      }
    });

    test('finds a text in name or title, whatever its case and signs', async () => {
      const mark = randomUUID().slice(0, 8);
      const { task: titled } = await store().tasks.create(newTask({ title: `Deploy 50%_${mark}` }));
      const { task: named } = await store().tasks.create(newTask({ name: `deploy-${mark}` }));
      const found = async (search: string) =>
        (await store().tasks.list({ search, limit: 9 })).items.map(({ id }) => id);
      expect(await found(mark.toUpperCase())).toEqual([named.id, titled.id]);
      expect(await found(`50%_${mark}`)).toEqual([titled.id]);
      expect(await found(`%${mark}`)).toEqual([]);
    });

    test('refuses a cursor that no list of its sort gave', async () => {
      await taskWithNodes(store(), 0);
      await taskWithNodes(store(), 0);
      const { next } = await store().tasks.list({ limit: 1, sort: { by: 'name', descending: true } });
      expect(next).toBeDefined();
      for (const before of ['12', '', '00000000-0000-0000-0000-000000000000', next ?? ''])
        await expect(store().tasks.list({ limit: 1, before })).rejects.toThrow(BadCursor);
    });
  });

  describe('the numbered page', () => {
    test('has the newest first, with counts and the total', async () => {
      const before = (await store().tasks.page({ page: 1, pageSize: 1 })).total;
      const tasks = [];
      for (let i = 0; i < 5; i++) tasks.push(await taskWithNodes(store(), i));
      const first = await store().tasks.page({ page: 1, pageSize: 2 });
      expect(first.items).toEqual([tasks[4], tasks[3]]);
      expect([...first.counts.values()].map(({ total }) => total)).toEqual([4, 3]);
      expect(first.total).toBe(before + 5);
      expect((await store().tasks.page({ page: 2, pageSize: 2 })).items).toEqual([tasks[2], tasks[1]]);
      expect(await store().tasks.page({ page: 9e15, pageSize: 9e15 })).toMatchObject({ items: [], total: before + 5 });
    });

    test('is narrowed by pool, status and part of title or name', async () => {
      const pool = `pool-${Math.random()}`;
      const { task } = await store().tasks.create(newTask({ pool, title: 'Expand_Web' }));
      await store().tasks.create(newTask({ pool }));
      const named = await store().tasks.page({ page: 1, pageSize: 9, pool, name: 'expand_w' });
      expect(named).toMatchObject({ items: [task], total: 1 });
      expect((await store().tasks.page({ page: 1, pageSize: 1, pool })).total).toBe(2);
      expect((await store().tasks.page({ page: 1, pageSize: 1, pool, status: 'ok' })).total).toBe(0);
    });
  });
});
