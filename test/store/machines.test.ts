import { expect, test } from 'vitest';

import type { TaskRow } from '../../store/tasks.ts';
import { newSite, ANN } from './catalogue/samples.ts';
import { describeStore } from './databases.ts';
import { newTask, ok, stepRef } from './samples.ts';

describeStore('machines', (store) => {
  /** A pool, and a task that makes nodes web-1, web-2, … for it. */
  async function growing(count: number): Promise<{ poolId: number; task: TaskRow }> {
    const { pool } = await newSite(store());
    const nodes = Array.from({ length: count }, (_, i) => ({ name: `web-${i + 1}`, address: '' }));
    const given = newTask({ kind: 'expand', pool: pool.name, poolId: pool.id, nodesTotal: count });
    const { task } = await store().tasks.create({ ...given, nodes });
    return { poolId: pool.id, task };
  }

  async function asked(poolId: number, task: TaskRow, count: number) {
    return await store().machines.ask({
      key: `${task.id} ${Math.random()}`,
      poolId,
      taskId: task.id,
      count,
      known: ['old'],
    });
  }

  const states = async (taskId: string) =>
    (await store().machines.ofTask(taskId)).map(({ providerId, no, state }) => [providerId, no, state]);

  const end = (task: TaskRow) => store().tasks.update(task.id, { status: 'failed', finishedAt: new Date() });

  test('a request is there before its answer, which is written once however often it comes', async () => {
    const { machines } = store();
    const { poolId, task } = await growing(2);
    const creation = await asked(poolId, task, 2);
    expect(await machines.unanswered(poolId)).toEqual([creation]);
    expect(creation).toMatchObject({ count: 2, known: ['old'], state: 'asked' });
    await machines.answered(creation, ['i-1', 'i-2']);
    await machines.answered(creation, ['i-1', 'i-2']);
    expect(await machines.unanswered(poolId)).toEqual([]);
    expect(await states(task.id)).toEqual([
      ['i-1', null, 'made'],
      ['i-2', null, 'made'],
    ]);
  });

  test('a machine is a node’s, enters the pool with it when it is ok, and is no more when it is given back', async () => {
    const { machines, ledger, catalogue } = store();
    const { poolId, task } = await growing(2);
    await machines.answered(await asked(poolId, task, 2), ['i-1', 'i-2']);
    const rows = await machines.ofTask(task.id);
    await machines.assign(rows.map(({ id }, no) => ({ id, no, try: 1 })));
    await machines.ready(rows.map(({ id }) => ({ id, address: '192.0.2.1' })));
    await ledger.place(task.id, 0, { name: 'web-1', address: '192.0.2.1', port: 2222 });
    await ledger.settle(task.id, 0, 'ok', '');
    await ledger.settle(task.id, 1, 'failed', 'install: exit code 1');

    const fresh = await machines.toJoin(task.id, poolId);
    expect(fresh).toEqual([{ node: { name: 'web-1', address: '192.0.2.1', port: 2222 }, providerId: 'i-1' }]);
    await catalogue.change(ANN, (edit) =>
      edit.nodes.add(
        poolId,
        fresh.map(({ node, providerId }) => ({ node, vmId: providerId })),
      ),
    );
    await machines.joined(task.id, poolId);
    expect(await machines.toJoin(task.id, poolId)).toEqual([]);
    expect(await states(task.id)).toEqual([
      ['i-1', 0, 'joined'],
      ['i-2', 1, 'made'],
    ]);
    expect(await machines.owned(poolId, ['i-1', 'i-2', 'i-3'])).toEqual(new Set(['i-1', 'i-2']));

    await machines.become(
      rows.map(({ id }) => id),
      'returned',
    );
    expect(await machines.live(poolId)).toEqual([]);
  });

  test('what is left when its task has ended is told of, with the reason, and found by the sweep', async () => {
    const { machines, ledger } = store();
    const { poolId, task } = await growing(2);
    await machines.answered(await asked(poolId, task, 2), ['i-1', 'i-2']);
    const rows = await machines.ofTask(task.id);
    await machines.assign(rows.map(({ id }, no) => ({ id, no, try: 1 })));
    await ledger.settle(task.id, 1, 'failed', 'healthy: HTTP 503');
    expect(await machines.unreleased(poolId)).toEqual([]); // the task is at them
    expect(await machines.unsettled()).not.toContain(task.id);
    await end(task);
    expect(await machines.unsettled()).toContain(task.id);
    await machines.keepBack(rows.map(({ id }) => id));
    expect(await machines.unsettled()).not.toContain(task.id);
    expect(await machines.unreleased(poolId)).toEqual([
      { providerId: 'i-1', task: task.name, reason: 'pending' },
      { providerId: 'i-2', task: task.name, reason: 'healthy: HTTP 503' },
    ]);
  });

  test('the sweep leaves machines alone while another task has the pool', async () => {
    const { machines } = store();
    const { poolId, task } = await growing(1);
    await machines.answered(await asked(poolId, task, 1), ['i-1']);
    await end(task);
    const { task: other } = await store().tasks.create(newTask({ kind: 'shrink', poolId }));
    await store().tasks.update(other.id, { status: 'running', startedAt: new Date() });
    expect(await machines.unsettled()).not.toContain(task.id);
    await end(other);
    expect(await machines.unsettled()).toContain(task.id);
  });

  test('nodes whose machine is gone begin anew, those whose machine was kept go on with it', async () => {
    const { machines, ledger } = store();
    const { poolId, task } = await growing(2);
    await machines.answered(await asked(poolId, task, 2), ['i-1', 'i-2']);
    const rows = await machines.ofTask(task.id);
    await machines.assign(rows.map(({ id }, no) => ({ id, no, try: 1 })));
    for (const no of [0, 1]) {
      const [create, install] = [stepRef(task.id, no, 0), stepRef(task.id, no, 1)];
      await ledger.begin(1, [create, install]);
      await ledger.finish(create, ok);
      await ledger.finish(install, { status: 'failed', exitCode: 1, reason: 'exit code 1' });
      await ledger.settle(task.id, no, 'failed', 'install: exit code 1');
      await ledger.place(task.id, no, { name: `web-${no + 1}`, address: `192.0.2.${no}` });
    }
    await machines.become([rows[0]?.id ?? 0], 'returned');
    await machines.become([rows[1]?.id ?? 0], 'kept');
    await machines.beginAnew(task.id);
    const nodes = await ledger.slice(task.id, [0, 1]);
    expect(nodes.map(({ node, steps }) => [node.address, steps.map(({ status }) => status)])).toEqual([
      ['', ['pending', 'pending']],
      ['192.0.2.1', ['ok', 'failed']],
    ]);
    expect(await states(task.id)).toEqual([['i-2', 1, 'made']]);
  });

  test('numbers of nodes are given once', async () => {
    const { machines } = store();
    const { poolId } = await growing(1);
    const last = await Promise.all([machines.count(poolId, 2), machines.count(poolId, 3), machines.count(poolId, 1)]);
    expect(Math.max(...last)).toBe(6);
    expect(new Set(last).size).toBe(3);
  });

  test('a try keeps what it kept last', async () => {
    const { machines } = store();
    const { task } = await growing(1);
    const at = { taskId: task.id, step: 0, batch: 1, try: 1 };
    expect(await machines.kept(at)).toBeUndefined();
    await machines.keep(at, 'asked');
    await machines.keep(at, 'command 7');
    expect(await machines.kept(at)).toBe('command 7');
    expect(await machines.kept({ ...at, try: 2 })).toBeUndefined();
  });
});
