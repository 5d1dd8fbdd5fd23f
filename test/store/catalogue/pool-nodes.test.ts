import { expect, test } from 'vitest';

import { NameTaken, NotFound } from '../../../store/catalogue/errors.ts';
import type { Edit } from '../../../store/catalogue/types.ts';
import { describeStore } from '../databases.ts';
import { newTask } from '../samples.ts';
import { ANN, fresh, newSite } from './samples.ts';

describeStore('nodes of pools', (store) => {
  const change = <Result>(work: (edit: Edit) => Promise<Result>) => store().catalogue.change(ANN, work);
  const node = (name: string, address = name) => ({ name, address });
  const named = (...names: string[]) => names.map((name) => ({ node: node(name) }));

  test('are added in order, and read by page, by address, by pool', async () => {
    const { pool } = await newSite(store());
    const address = `${fresh('host')}.example`;
    const reached = { ...node('web-1', address), user: 'deploy', labels: { zone: 'a' } };
    const added = await change((edit) =>
      edit.nodes.add(pool.id, [{ node: reached, vmId: 'i-1', nodeType: 'manual' }, ...named('web-2', 'db-1')]),
    );
    const { nodes } = store().catalogue;
    expect(added[0]).toEqual({
      ...{ id: expect.any(Number) as number, poolId: pool.id, name: 'web-1', address, node: reached },
      ...{ vmId: 'i-1', status: 0, nodeType: 'manual', joinedAt: expect.any(Date) as Date, drainedBy: '' },
    });
    expect(added.map(({ name }) => name)).toEqual(['web-1', 'web-2', 'db-1']);
    expect(await nodes.all(pool.id)).toEqual(added);
    expect(await nodes.get(added[1]?.id ?? 0)).toEqual(added[1]);
    expect(await nodes.at([address, 'nowhere'])).toEqual([added[0]]);
    expect(await nodes.page({ poolId: pool.id, page: 2, pageSize: 2 })).toEqual({ items: [added[2]], total: 3 });
    const web = await nodes.page({ poolId: pool.id, page: 1, pageSize: 9, name: 'WEB' });
    expect(web).toEqual({ items: added.slice(0, 2), total: 2 });
    expect(await nodes.counts([pool.id, 999_999])).toEqual(
      new Map([
        [pool.id, 3],
        [999_999, 0],
      ]),
    );
    for (const id of [1e40, 1.5]) expect(await nodes.get(id)).toBeUndefined();
  });

  test('have names of their own in their pool', async () => {
    const { pool } = await newSite(store());
    const { pool: other } = await newSite(store());
    await change((edit) => edit.nodes.add(pool.id, named('a')));
    await change((edit) => edit.nodes.add(other.id, named('a')));
    for (const names of [
      ['b', 'a'],
      ['b', 'c', 'b'],
    ])
      await expect(change((edit) => edit.nodes.add(pool.id, named(...names)))).rejects.toThrow(NameTaken);
    await expect(change((edit) => edit.nodes.add(999_999, named('a')))).rejects.toThrow(NotFound);
    expect(await change((edit) => edit.nodes.add(pool.id, []))).toEqual([]);
    expect((await store().catalogue.nodes.all(pool.id)).map(({ name }) => name)).toEqual(['a']);
  });

  test('are removed all or, when one is not there, none', async () => {
    const { pool } = await newSite(store());
    const [a, b, c] = await change((edit) => edit.nodes.add(pool.id, named('a', 'b', 'c')));
    const ids = [a?.id ?? 0, 999_998, b?.id ?? 0, 999_999];
    await expect(change((edit) => edit.nodes.remove(ids))).rejects.toThrow('no node with id 999998, 999999');
    expect(await store().catalogue.nodes.all(pool.id)).toHaveLength(3);
    await change((edit) => edit.nodes.remove([a?.id ?? 0, b?.id ?? 0]));
    expect(await store().catalogue.nodes.all(pool.id)).toEqual([c]);
  });

  test('are reached otherwise after an update', async () => {
    const { pool } = await newSite(store());
    const [a] = await change((edit) => edit.nodes.add(pool.id, named('a', 'b')));
    const id = a?.id ?? 0;
    await change((edit) => edit.nodes.update(id, { ...node('a2', '192.0.2.9'), port: 2222 }));
    expect(await store().catalogue.nodes.get(id)).toMatchObject({
      name: 'a2',
      address: '192.0.2.9',
      node: { port: 2222 },
    });
    await expect(change((edit) => edit.nodes.update(id, node('b')))).rejects.toThrow(NameTaken);
    await expect(change((edit) => edit.nodes.update(999_999, node('b')))).rejects.toThrow(NotFound);
  });

  test('change their pool’s version, and leave entries of the pool', async () => {
    const { pool } = await newSite(store());
    const [a] = await change((edit) => edit.nodes.add(pool.id, named('a', 'b')));
    await change((edit) => edit.nodes.update(a?.id ?? 0, node('a')));
    await change((edit) => edit.nodes.update(a?.id ?? 0, node('a', '192.0.2.1')));
    await change((edit) => edit.nodes.remove([a?.id ?? 0]));
    expect((await store().catalogue.pools.get(pool.id))?.version).toBe(4);
    const { items } = await store().audit.list({ limit: 10, kind: 'pool', name: pool.name });
    expect(items.map(({ action, before, after }) => [action, before, after])).toMatchObject([
      ['pool.remove_nodes', ['a'], null],
      ['pool.update_node', { address: 'a' }, { address: '192.0.2.1' }],
      ['pool.add_nodes', null, ['a', 'b']],
      ['pool.create', null, { name: pool.name }],
    ]);
  });

  test('take the result of a task over them; those it says nothing of stay', async () => {
    const { pool } = await newSite(store());
    const { pool: other } = await newSite(store());
    const names = ['ok', 'failed', 'gone', 'waiting'];
    await change((edit) => edit.nodes.add(pool.id, named(...names, 'not-in-it')));
    await change((edit) => edit.nodes.add(other.id, named('ok')));
    const nodes = names.map((name) => node(name));
    const { task } = await store().tasks.create({
      ...newTask({ pool: pool.name.toUpperCase(), nodesTotal: 4 }),
      nodes,
    });
    await store().ledger.settle(task.id, 0, 'ok', '');
    await store().ledger.settle(task.id, 1, 'failed', 'why');
    await store().ledger.settle(task.id, 2, 'unreachable', 'why');
    await store().catalogue.settle(task.id);
    const statuses = async (id: number) => (await store().catalogue.nodes.all(id)).map(({ status }) => status);
    expect(await statuses(pool.id)).toEqual([2, 3, 3, 0, 0]);
    expect(await statuses(other.id)).toEqual([0]);
    const { task: poolless } = await store().tasks.create(newTask());
    await store().catalogue.settle(poolless.id);
  });
});
