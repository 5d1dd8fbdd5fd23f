import { expect, test } from 'vitest';

import { InUse, NameTaken, NoSuchReference, NotFound, VersionConflict } from '../../../store/catalogue/errors.ts';
import type { Edit } from '../../../store/catalogue/types.ts';
import { describeStore } from '../databases.ts';
import { ANN, fresh, newSite, newTemplate, specOf, useStep } from './samples.ts';

describeStore('things of the catalogue', (store) => {
  const change = <Result>(work: (edit: Edit) => Promise<Result>) => store().catalogue.change(ANN, work);

  test('have what they were given, and else what is empty', async () => {
    const { service } = await newSite(store());
    const tasks = { expand: 4, deploy: '7' };
    const pool = await change((edit) =>
      edit.pools.create({ name: fresh('web'), serviceId: service.id, vmType: 3, tasks, ssh: { user: 'deploy' } }),
    );
    expect(pool).toEqual({
      ...{ id: expect.any(Number) as number, name: pool.name, desc: '', version: 1, serviceId: service.id },
      ...{ vmType: 3, sdId: 0, tasks, ssh: { user: 'deploy' } },
      ...{ provider: null, limits: null, onFailure: '', dependsOn: null, autoscale: null },
      ...{ createdAt: expect.any(Date) as Date, updatedAt: expect.any(Date) as Date },
    });
    expect(await store().catalogue.pools.get(pool.id)).toEqual(pool);
    const bare = await change((edit) => edit.actions.create({ name: fresh('bare') }));
    expect(bare).toMatchObject({ desc: '', params: null });
  });

  test('keep odd texts to the letter, but for what SQL cannot hold', async () => {
    const odd = `it's "quoted" {{a}} 你好 😀 \\ \n %_`;
    const step = await change((edit) => edit.steps.create({ name: fresh('odd'), desc: odd, actions: [odd, ''] }));
    expect(await store().catalogue.steps.get(step.id)).toMatchObject({ desc: odd, actions: [odd, ''] });
    const nul = await change((edit) =>
      edit.actions.create({ name: fresh('nul'), desc: 'a\0b\ud800', params: { 'k\0': 'v\0' } }),
    );
    expect(nul).toMatchObject({ desc: 'ab\ufffd', params: { k: 'v' } });
  });

  test('may have an empty name, once', async () => {
    const nameless = await change((edit) => edit.clusters.create({ name: '' }));
    expect(await store().catalogue.clusters.named('')).toEqual(nameless);
    await expect(change((edit) => edit.clusters.create({ name: '' }))).rejects.toThrow(NameTaken);
  });

  test('are found by id and by name, without regard to case', async () => {
    const { pool } = await newSite(store());
    expect(await store().catalogue.pools.named(pool.name.toUpperCase())).toEqual(pool);
    expect(await store().catalogue.pools.named('nobody')).toBeUndefined();
    for (const id of [0, -1, 1.5, NaN, 1e30]) expect(await store().catalogue.pools.get(id)).toBeUndefined();
  });

  test('have names of their own in each kind, without regard to case', async () => {
    const name = fresh('Web');
    const [action] = await change(async (edit) => [
      await edit.actions.create({ name }),
      await edit.steps.create({ name }),
    ]);
    const again = change((edit) => edit.actions.create({ name: name.toLowerCase() }));
    await expect(again).rejects.toThrow(new NameTaken('action', name.toLowerCase()));
    const other = await change((edit) => edit.actions.create({ name: fresh('other') }));
    await expect(change((edit) => edit.actions.update(other.id, { name }))).rejects.toThrow(NameTaken);
    const renamed = await change((edit) => edit.actions.update(action.id, { name: name.toUpperCase() }));
    expect(renamed).toMatchObject({ id: action.id, name: name.toUpperCase(), version: 2 });
  });

  test('belong to things that are there', async () => {
    await expect(change((edit) => edit.services.create({ name: fresh('s'), clusterId: 999_999 }))).rejects.toThrow(
      new NoSuchReference('clusterId', 'cluster', 999_999),
    );
    await expect(change((edit) => edit.pools.create({ name: fresh('p') }))).rejects.toThrow(NoSuchReference);
    const { pool } = await newSite(store());
    await expect(change((edit) => edit.pools.update(pool.id, { serviceId: 1.5 }))).rejects.toThrow(NoSuchReference);
    expect(await store().catalogue.pools.get(pool.id)).toEqual(pool);
  });

  test('are not removed while others need them, which are named', async () => {
    const { cluster, service, pool } = await newSite(store());
    const [node] = await change((edit) => edit.nodes.add(pool.id, [{ node: { name: 'a', address: '192.0.2.1' } }]));
    const refusals = [
      { removing: (edit: Edit) => edit.clusters.remove(cluster.id), user: { kind: 'service', ...idName(service) } },
      { removing: (edit: Edit) => edit.services.remove(service.id), user: { kind: 'pool', ...idName(pool) } },
      { removing: (edit: Edit) => edit.pools.remove(pool.id), user: { kind: 'node', id: node?.id, name: 'a' } },
    ];
    for (const { removing, user } of refusals) {
      const refusal: unknown = await change<unknown>(removing).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(InUse);
      expect(refusal).toMatchObject({ users: [user], message: expect.stringContaining(user.name) as string });
    }
    await change(async (edit) => {
      await edit.nodes.remove([node?.id ?? 0]);
      await edit.pools.remove(pool.id);
      await edit.services.remove(service.id);
      await edit.clusters.remove(cluster.id);
    });
    expect(await store().catalogue.clusters.get(cluster.id)).toBeUndefined();
  });

  test('that are named by others are in use, whatever the case', async () => {
    const [action, step] = [fresh('Action'), fresh('Step')];
    const { service } = await newSite(store());
    const made = await change(async (edit) => {
      const template = await edit.templates.create({
        name: fresh('template'),
        spec: specOf(fresh('template'), [useStep(step.toUpperCase())]),
      });
      return {
        action: await edit.actions.create({ name: action }),
        step: await edit.steps.create({ name: step, actions: ['other', action.toLowerCase()] }),
        template,
        pools: [
          await edit.pools.create({ name: fresh('a'), serviceId: service.id, tasks: { expand: template.id } }),
          await edit.pools.create({ name: fresh('b'), serviceId: service.id, tasks: { deploy: ` 0${template.id}` } }),
          await edit.pools.create({ name: fresh('c'), serviceId: service.id, tasks: { deploy: `9${template.id}` } }),
        ],
      };
    });
    const usersOf = async (removing: Promise<unknown>) => {
      const refusal: unknown = await removing.catch((error: unknown) => error);
      return refusal instanceof InUse ? refusal.users : refusal;
    };
    expect(await usersOf(change((edit) => edit.actions.remove(made.action.id)))).toEqual([
      { kind: 'step', ...idName(made.step) },
    ]);
    expect(await usersOf(change((edit) => edit.steps.remove(made.step.id)))).toEqual([
      { kind: 'template', ...idName(made.template) },
    ]);
    expect(await usersOf(change((edit) => edit.templates.remove(made.template.id)))).toEqual(
      made.pools.slice(0, 2).map((pool) => ({ kind: 'pool', ...idName(pool) })),
    );
  });

  test('grow their version with every change, and with no other', async () => {
    const { cluster } = await newSite(store());
    const same = await change((edit) => edit.clusters.update(cluster.id, { name: cluster.name, biz: '' }));
    expect(same).toEqual(cluster);
    const changed = await change((edit) => edit.clusters.update(cluster.id, { biz: 'shop' }));
    expect(changed).toMatchObject({ ...idName(cluster), version: 2, biz: 'shop', createdAt: cluster.createdAt });
    expect(changed.updatedAt.getTime()).toBeGreaterThanOrEqual(cluster.updatedAt.getTime());
    expect(await store().catalogue.clusters.get(cluster.id)).toEqual(changed);
  });

  test('are the same when only the order of keys differs', async () => {
    const params = { b: { type: 'integer', default: '1' }, a: 'string' };
    const action = await change((edit) => edit.actions.create({ name: fresh('a'), params }));
    const turned = { a: 'string', b: { default: '1', type: 'integer' } };
    expect((await change((edit) => edit.actions.update(action.id, { params: turned }))).version).toBe(1);
    expect((await change((edit) => edit.actions.update(action.id, { params: null }))).version).toBe(2);
  });

  test('are changed and removed only from the version that was read', async () => {
    const { cluster } = await newSite(store());
    const template = await newTemplate(store(), specOf(fresh('t')));
    const stale = { version: 7 };
    for (const attempt of [
      (edit: Edit) => edit.clusters.update(cluster.id, {}, stale),
      (edit: Edit) => edit.clusters.remove(cluster.id, stale),
      (edit: Edit) => edit.templates.update(template.id, { desc: 'new' }, stale),
      (edit: Edit) => edit.templates.remove(template.id, stale),
    ]) {
      await expect(change<unknown>(attempt)).rejects.toMatchObject({ constructor: VersionConflict, actual: 1 });
    }
    await change((edit) => edit.templates.remove(template.id, { version: 1 }));
    for (const attempt of [
      (edit: Edit) => edit.templates.update(template.id, { desc: 'new' }),
      (edit: Edit) => edit.templates.remove(template.id),
    ])
      await expect(change(attempt)).rejects.toThrow(NotFound);
  });

  test('keep an id from elsewhere when it is free, and the next ones are larger', async () => {
    const kept = await change((edit) => edit.actions.create({ name: fresh('a') }, { id: 5000 }));
    const taken = await change((edit) => edit.actions.create({ name: fresh('a') }, { id: 5000 }));
    const lower = await change((edit) => edit.actions.create({ name: fresh('a') }, { id: 4000 }));
    const next = await change((edit) => edit.actions.create({ name: fresh('a') }));
    expect([kept.id, taken.id, lower.id, next.id]).toEqual([5000, 5001, 4000, 5002]);
    for (const id of [0, -3, 1.5, 2 ** 40]) {
      const row = await change((edit) => edit.actions.create({ name: fresh('a') }, { id }));
      expect(row.id).toBeGreaterThan(5002);
      expect(row.id).toBeLessThan(6000);
    }
  });
});

function idName({ id, name }: { id: number; name: string }) {
  return { id, name };
}
