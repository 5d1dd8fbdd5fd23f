import { expect, test } from 'vitest';

import { NameTaken, VersionConflict } from '../../../store/catalogue/errors.ts';
import type { Edit } from '../../../store/catalogue/types.ts';
import { describeStore } from '../databases.ts';
import { ANN, fresh, newSite, newTemplate, specOf } from './samples.ts';

describeStore('changes of the catalogue', (store) => {
  const change = <Result>(work: (edit: Edit) => Promise<Result>) => store().catalogue.change(ANN, work);
  const entriesOf = async (name: string) => (await store().audit.list({ limit: 100, name })).items;

  test('see what they write, and tell who makes them', async () => {
    const name = fresh('cluster');
    await change(async (edit) => {
      const { id } = await edit.clusters.create({ name });
      expect(await edit.clusters.named(name)).toMatchObject({ id });
      expect((await edit.clusters.list({ limit: 5, search: name })).items).toHaveLength(1);
      expect(edit.actor).toEqual(ANN);
    });
  });

  test('are made as a whole or, when they throw, not at all: with no audit entry', async () => {
    const name = fresh('cluster');
    const failing = change(async (edit) => {
      const cluster = await edit.clusters.create({ name });
      await edit.clusters.update(cluster.id, { biz: 'x' });
      throw new Error('half way');
    });
    await expect(failing).rejects.toThrow('half way');
    expect(await store().catalogue.clusters.named(name)).toBeUndefined();
    expect(await entriesOf(name)).toEqual([]);
  });

  test('may go on after a refusal', async () => {
    const [one, two] = [fresh('a'), fresh('b')];
    await change(async (edit) => {
      await edit.clusters.create({ name: one });
      await edit.clusters.create({ name: one }).catch((error: unknown) => expect(error).toBeInstanceOf(NameTaken));
      await edit.clusters.create({ name: two });
    });
    expect(await store().catalogue.clusters.named(one)).toBeDefined();
    expect(await store().catalogue.clusters.named(two)).toBeDefined();
  });

  test('do not pass for made when a statement failed in them, whatever they make of it', async () => {
    const { service } = await newSite(store());
    const name = fresh('cluster');
    const swallowing = change(async (edit) => {
      await edit.clusters.create({ name });
      await edit.pools.create({ name, serviceId: service.id, vmType: 1e30 }).catch(() => undefined);
    });
    await expect(swallowing).rejects.toThrow('transaction is aborted');
    expect(await store().catalogue.clusters.named(name)).toBeUndefined();
  });

  test('come one after another', async () => {
    const { cluster } = await newSite(store());
    const steps: string[] = [];
    const turn = (who: string) =>
      change(async (edit) => {
        steps.push(who);
        const { biz } = (await edit.clusters.get(cluster.id)) ?? { biz: '' };
        await edit.clusters.update(cluster.id, { biz: `${biz},${who}` });
        steps.push(who);
      });
    await Promise.all(['a', 'b', 'c', 'd'].map(turn));
    const { biz = '', version } = (await store().catalogue.clusters.get(cluster.id)) ?? {};
    const turns = biz.split(',').slice(1);
    expect([...turns].sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(version).toBe(5);
    expect(steps).toEqual(turns.flatMap((who) => [who, who]));
  });

  test('of two from the same version, one is made', async () => {
    const { cluster } = await newSite(store());
    const edits = ['x', 'y'].map((biz) =>
      change((edit) => edit.clusters.update(cluster.id, { biz }, { version: cluster.version })),
    );
    const results = await Promise.allSettled(edits);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refusal = results.find((result) => result.status === 'rejected')?.reason as unknown;
    expect(refusal).toBeInstanceOf(VersionConflict);
    expect((refusal as Error).message).toContain('it is at version 2, the edit was made from 1');
  });

  test('of many that create the same name at once, one is made', async () => {
    const name = fresh('same');
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => change((edit) => edit.steps.create({ name }))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(NameTaken);
  });

  test('leave an audit entry for each write, with what was before and after', async () => {
    const { cluster } = await newSite(store());
    await change((edit) => edit.clusters.update(cluster.id, { biz: '' })); // no change
    await change((edit) => edit.clusters.update(cluster.id, { biz: 'shop' }));
    const service = await change(async (edit) => (await edit.services.all({ clusterId: cluster.id }))[0]);
    await change(async (edit) => {
      for (const pool of await edit.pools.all({ serviceId: service?.id ?? 0 })) await edit.pools.remove(pool.id);
      await edit.services.remove(service?.id ?? 0);
      await edit.clusters.remove(cluster.id);
    });
    const values = { id: cluster.id, name: cluster.name, desc: '' };
    expect(await entriesOf(cluster.name)).toMatchObject([
      { action: 'cluster.delete', before: { ...values, version: 2, biz: 'shop' }, after: null },
      {
        action: 'cluster.update',
        before: { ...values, version: 1, biz: '' },
        after: { ...values, version: 2, biz: 'shop' },
      },
      { action: 'cluster.create', kind: 'cluster', before: null, after: values, actor: ANN, outcome: 'ok' },
    ]);
  });

  test('of an action’s implementations are changes of the action', async () => {
    const name = fresh('action');
    const before = await store().catalogue.implementations.page({ page: 1, pageSize: 1 });
    const { action, implementation } = await change(async (edit) => {
      const action = await edit.actions.create({ name });
      const values = { actionId: action.id, type: 'ansible', template: { shell: 'uptime' } };
      return { action, implementation: await edit.implementations.create(values, { id: 700 }) };
    });
    const { implementations, actions } = store().catalogue;
    expect(implementation.id).toBe(700);
    expect(await implementations.get(700)).toEqual(implementation);
    expect(await implementations.of(action.id)).toEqual(implementation);
    expect(await implementations.of(action.id, 'other')).toBeUndefined();
    expect(await implementations.ofAll([action.id, 999])).toEqual(new Map([[action.id, implementation]]));
    expect((await actions.get(action.id))?.version).toBe(2);
    const twice = change((edit) =>
      edit.implementations.create({ actionId: action.id, type: 'ansible', template: null }),
    );
    await expect(twice).rejects.toThrow(NameTaken);
    const same = await change((edit) =>
      edit.implementations.update(700, { type: 'ansible', template: { shell: 'uptime' } }),
    );
    expect(same).toEqual(implementation);
    await change((edit) => edit.implementations.update(700, { type: '', template: null }));
    expect(await implementations.of(action.id)).toBeUndefined();
    expect((await actions.get(action.id))?.version).toBe(3);
    await change((edit) => edit.actions.remove(action.id));
    expect(await implementations.get(700)).toBeUndefined();
    expect((await implementations.page({ page: 1, pageSize: 1 })).total).toBe(before.total);
    expect((await entriesOf(name)).map(({ action }) => action)).toEqual([
      'implementation.delete',
      'action.delete',
      'implementation.update',
      'implementation.create',
      'action.create',
    ]);
  });

  test('leave a template as it was in its versions', async () => {
    const name = fresh('template');
    const template = await newTemplate(store(), specOf(name));
    const renamed = await change((edit) => edit.templates.update(template.id, { name: `${name}-2`, desc: 'why' }));
    expect(renamed).toMatchObject({ name: `${name}-2`, desc: 'why', spec: { name: `${name}-2`, description: 'why' } });
    await change((edit) => edit.templates.update(template.id, { spec: renamed.spec, desc: 'ignored' }));
    await change((edit) => edit.templates.update(template.id, { spec: { ...renamed.spec, steps: [] } }));
    const versions = await store().catalogue.templates.versions(template.id);
    expect(versions.map(({ version, by, spec }) => [version, by, spec.name, spec.steps.length])).toEqual([
      [3, 'ann', `${name}-2`, 0],
      [2, 'ann', `${name}-2`, 1],
      [1, 'ann', name, 1],
    ]);
    expect(await store().catalogue.templates.version(template.id, 1)).toMatchObject({ spec: template.spec });
    for (const version of [0, 4, 1.5, 2 ** 40])
      expect(await store().catalogue.templates.version(template.id, version)).toBeUndefined();
    await change((edit) => edit.templates.remove(template.id));
    expect(await store().catalogue.templates.versions(template.id)).toEqual([]);
  });

  test('keep the steps that an OpenDCP client gave until the steps are others', async () => {
    const spec = specOf(fresh('template'));
    const opendcp = [{ name: 'pull', param_values: null, retry: null }];
    const given = await change((edit) => edit.templates.create({ name: spec.name, spec, opendcp }));
    const described = await change((edit) => edit.templates.update(given.id, { desc: 'why' }));
    expect(described).toMatchObject({ version: 2, opendcp });
    const others = await change((edit) => edit.templates.update(given.id, { spec: { ...spec, steps: [] } }));
    expect(others).toMatchObject({ version: 3, opendcp: null, desc: '' });
    const both = await change((edit) => edit.templates.update(given.id, { spec, opendcp }));
    expect(both).toMatchObject({ version: 4, opendcp });
  });
});
