import { expect, test } from 'vitest';

import type { Busy } from '../../store/rotation.ts';
import type { PoolRow } from '../../store/catalogue/types.ts';
import type { TaskRow } from '../../store/tasks.ts';
import { describeStore } from './databases.ts';
import { newTask, ok, stepRef } from './samples.ts';
import { ANN, fresh, newSite } from './catalogue/samples.ts';

describeStore('rotation', (store) => {
  const nodeOf = (name: string, address = name) => ({ name, address });

  /** A pool with nodes of these names; their ids. */
  async function newPool(...names: string[]): Promise<{ pool: PoolRow; ids: number[] }> {
    const { pool } = await newSite(store());
    const nodes = names.map((name) => ({ node: nodeOf(name, `${name}.${pool.name}.example`) }));
    const added = await store().catalogue.change(ANN, (edit) => edit.nodes.add(pool.id, nodes));
    return { pool, ids: added.map(({ id }) => id) };
  }

  async function runningTask(pool: string | null, nodes: { name: string; address: string }[]): Promise<TaskRow> {
    const { task } = await store().tasks.create({ ...newTask({ pool, nodesTotal: nodes.length }), nodes });
    await store().tasks.update(task.id, { status: 'running' });
    return task;
  }

  const statusOf = async (id: number) => (await store().nodes.get(id))?.status;

  test('a drained node stays out until it is undrained', async () => {
    const { pool } = await newPool('a', 'b', 'c');
    const { rotation, catalogue } = store();
    const marks = () => rotation.drainedBy(pool.id, ['a', 'b', 'c']);
    expect(await marks()).toEqual(new Map());
    await rotation.drain(pool.id, ['a', 'b'], 'task-1');
    await rotation.drain(pool.id, ['b', 'c', 'nobody'], 'ann');
    expect(await marks()).toEqual(
      new Map([
        ['a', 'task-1'],
        ['b', 'task-1'],
        ['c', 'ann'],
      ]),
    );
    expect(await rotation.drainedBy(pool.id, ['c'])).toEqual(new Map([['c', 'ann']]));
    await rotation.undrain(pool.id, ['a', 'c'], 'task-1');
    expect([...(await marks()).keys()]).toEqual(['b', 'c']);
    await rotation.undrain(pool.id, ['b', 'c']);
    expect(await marks()).toEqual(new Map());
    expect((await catalogue.pools.get(pool.id))?.version).toBe(pool.version + 1); // the nodes' own
  });

  test('nodes of other pools with the same name stay as they are', async () => {
    const { pool } = await newPool('a');
    const { pool: other } = await newPool('a');
    await store().rotation.drain(pool.id, ['a'], 'ann');
    expect(await store().rotation.drainedBy(other.id, ['a'])).toEqual(new Map());
  });

  test('a person’s drain of what a task has drained outlasts the task’s undrain', async () => {
    const { pool, ids } = await newPool('a');
    const [id = 0] = ids;
    const { rotation, nodes } = store();
    const task = await runningTask(pool.name, []);
    await rotation.drain(pool.id, ['a'], task.id);
    expect(await nodes.get(id)).toMatchObject({ drainedBy: task.name, status: 'drained' });
    await rotation.keepOut(id, 'ann');
    await rotation.undrain(pool.id, ['a'], task.id);
    await rotation.keepOut(id, 'bob');
    expect(await nodes.get(id)).toMatchObject({ drainedBy: 'ann', status: 'drained' });
    await rotation.letIn(id);
    expect(await nodes.get(id)).toMatchObject({ drainedBy: '', status: 'active' });
  });

  test('keeps nodes from tasks but the one that took them out, and those that were given them by name afterwards', async () => {
    const { pool } = await newPool('a', 'b', 'c');
    const { rotation, tasks } = store();
    const taskOver = async (names?: string[]) => {
      const action = names ? { action: { deploy: { nodes: names } } } : {};
      return (await tasks.create(newTask({ pool: pool.name, poolId: pool.id, ...action }))).task;
    };
    const [over, named] = [await taskOver(), await taskOver(['a', 'b'])];
    const kept = async ({ id }: TaskRow) => Object.fromEntries(await rotation.keptFrom(id, ['a', 'b', 'c']));
    await rotation.drain(pool.id, ['a'], 'ann');
    await rotation.drain(pool.id, ['b'], over.id);
    expect(await kept(over)).toEqual({ a: 'ann' });
    expect(await kept(named)).toEqual({ a: 'ann', b: over.name });
    expect(await kept(await taskOver())).toEqual({ a: 'ann', b: over.name });
    const later = await taskOver(['b', 'c']);
    expect(await kept(later)).toEqual({ a: 'ann' });
    await rotation.drain(pool.id, ['c'], 'ann');
    expect(await kept(later)).toEqual({ a: 'ann', c: 'ann' });
    expect(await rotation.keptFrom(over.id, ['b', 'nobody'])).toEqual(new Map());
    await rotation.undrain(pool.id, ['a', 'b', 'c']);
    expect(await kept(named)).toEqual({});
    const { task: poolless } = await tasks.create(newTask());
    expect(await kept(poolless)).toEqual({});
  });

  test('what a task has left out of rotation at its end, the next may have and take over', async () => {
    const { pool } = await newPool('a');
    const { rotation, tasks } = store();
    const [first, next] = await Promise.all(
      [0, 1].map(async () => (await tasks.create(newTask({ pool: pool.name, poolId: pool.id }))).task),
    );
    const [before = '', after = ''] = [first?.id, next?.id];
    await rotation.drain(pool.id, ['a'], before);
    await rotation.drain(pool.id, ['a'], after);
    expect(await rotation.drainedBy(pool.id, ['a'])).toEqual(new Map([['a', before]]));
    expect([...(await rotation.keptFrom(after, ['a'])).keys()]).toEqual(['a']);
    await tasks.update(before, { status: 'failed' });
    expect(await rotation.keptFrom(after, ['a'])).toEqual(new Map());
    await rotation.drain(pool.id, ['a'], after);
    expect(await rotation.drainedBy(pool.id, ['a'])).toEqual(new Map([['a', after]]));
  });

  test('a node is busy from its first step of a batch to its end', async () => {
    const { pool, ids } = await newPool('a', 'b');
    const [a = 0, b = 0] = ids;
    const { ledger, rotation } = store();
    const task = await runningTask(pool.name.toUpperCase(), [nodeOf('a'), nodeOf('b')]);
    expect(await rotation.busy(a)).toEqual([]);
    await ledger.begin(1, [stepRef(task.id, 0, 0)]);
    expect(await rotation.busy(a)).toEqual<Busy[]>([{ task: task.name, step: 'pull' }]);
    expect(await rotation.busy(b)).toEqual([]);
    await ledger.finish(stepRef(task.id, 0, 0), ok);
    expect(await rotation.busy(a)).toEqual<Busy[]>([{ task: task.name, step: '' }]);
    await ledger.settle(task.id, 0, 'ok', '');
    expect(await rotation.busy(a)).toEqual([]);
  });

  test('a task over the same address has the node, whatever it calls it; at another port it does not', async () => {
    const { ids } = await newPool('a');
    const [id = 0] = ids;
    const { address } = (await store().nodes.get(id)) ?? { address: '' };
    const here = await runningTask(null, [nodeOf('x', address)]);
    const elsewhere = await runningTask(null, [{ ...nodeOf('y', address), port: 2222 } as ReturnType<typeof nodeOf>]);
    for (const task of [here, elsewhere]) await store().ledger.begin(1, [stepRef(task.id, 0, 0)]);
    expect((await store().rotation.busy(id)).map(({ task }) => task)).toEqual([here.name]);
  });

  test('what an ended task has left running does not count', async () => {
    const { pool, ids } = await newPool('a');
    const [id = 0] = ids;
    const task = await runningTask(pool.name, [nodeOf('a')]);
    await store().ledger.begin(1, [stepRef(task.id, 0, 0)]);
    await store().rotation.keepOut(id, 'ann');
    expect(await statusOf(id)).toBe('draining');
    await store().tasks.update(task.id, { status: 'terminated' });
    expect(await store().rotation.busy(id)).toEqual([]);
    expect(await statusOf(id)).toBe('drained');
  });
});

describeStore('nodes of pools', (store) => {
  test('are listed by id, a part at a time, by pool, type and status', async () => {
    const type = fresh('type');
    const { service, pool } = await newSite(store());
    await store().catalogue.change(ANN, (edit) => edit.services.update(service.id, { serviceType: type }));
    const named = ['a', 'b', 'c'].map((name) => ({ node: { name, address: '192.0.2.1' }, vmId: `vm-${name}` }));
    const added = await store().catalogue.change(ANN, (edit) =>
      edit.nodes.add(
        pool.id,
        named.map((node, i) => ({ ...node, status: i + 1 })),
      ),
    );
    await store().rotation.keepOut(added[0]?.id ?? 0, 'ann');
    const { nodes } = store();
    const all = await nodes.list({ type, limit: 9 });
    expect(all.items[0]).toEqual({
      ...{ id: added[0]?.id, name: 'a', pool: pool.name, poolId: pool.id, service: service.name, type },
      ...{
        status: 'drained',
        address: '192.0.2.1',
        providerId: 'vm-a',
        drainedBy: 'ann',
        joinedAt: added[0]?.joinedAt,
      },
    });
    expect(all.items.map(({ status }) => status)).toEqual(['drained', 'active', 'failed']);
    expect(all.next).toBeUndefined();
    const first = await nodes.list({ pool: pool.name.toUpperCase(), limit: 2 });
    expect(first.items).toEqual(all.items.slice(0, 2));
    expect((await nodes.list({ pool: pool.name, after: first.next ?? 0, limit: 2 })).items).toEqual(all.items.slice(2));
    expect((await nodes.list({ type, status: 'failed', limit: 9 })).items).toEqual(all.items.slice(2));
    expect((await nodes.list({ type, name: 'b', limit: 9 })).items).toEqual(all.items.slice(1, 2));
    expect((await nodes.list({ type: 'no\0body', limit: 9 })).items).toEqual([]);
    expect(await nodes.get(999_999)).toBeUndefined();
  });

  test('keep what is put with them', async () => {
    const { pool } = await newSite(store());
    const [node] = await store().catalogue.change(ANN, (edit) =>
      edit.nodes.add(pool.id, [{ node: { name: 'a', address: 'a' } }]),
    );
    const id = node?.id ?? 0;
    const { nodes } = store();
    expect(await nodes.meta(id)).toBeNull();
    for (const meta of [{ rack: 'r1', tags: ['x', null], depth: { of: 1.5 } }, [], 'text', 0, false, null]) {
      await nodes.setMeta(id, meta);
      expect(await nodes.meta(id)).toEqual(meta);
    }
    expect(await nodes.meta(999_999)).toBeUndefined();
  });
});
