import { expect, test } from 'vitest';

import type { ListQuery, Reader, Row } from '../../../store/catalogue/types.ts';
import { BadCursor } from '../../../store/following.ts';
import { describeStore } from '../databases.ts';
import { ANN, fresh, newSite, newTemplate, specOf, useStep } from './samples.ts';

describeStore('lists of the catalogue', (store) => {
  /** All of a list, two at a time. */
  async function inPages<Of extends Row, Filter>(reader: Reader<Of, Filter>, query: Omit<ListQuery<Filter>, 'limit'>) {
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await reader.list({ ...query, limit: 2, ...(cursor !== undefined && { cursor }) });
      expect(page.items.length).toBeLessThanOrEqual(2);
      names.push(...page.items.map(({ name }) => name));
      cursor = page.next;
    } while (cursor !== undefined);
    return names;
  }

  test('come in pages by name, id or last change, either way', async () => {
    const mark = fresh('mark');
    const names = ['Delta', 'alpha', 'charlie', 'Bravo', 'echo'].map((name) => `${name} ${mark}`);
    await store().catalogue.change(ANN, async (edit) => {
      for (const name of names) await edit.clusters.create({ name });
    });
    const second = await store().catalogue.clusters.named(names[1] ?? '');
    await store().catalogue.change(ANN, (edit) => edit.clusters.update(second?.id ?? 0, { biz: 'changed' }));
    const { clusters } = store().catalogue;
    const sorted = [1, 3, 2, 0, 4].map((index) => names[index]);
    const changed = [0, 2, 3, 4, 1].map((index) => names[index]);
    expect(await inPages(clusters, { search: mark })).toEqual(sorted);
    for (const [by, expected] of Object.entries({ name: sorted, id: names, updatedAt: changed })) {
      const sort = { by: by as 'name', descending: false };
      expect(await inPages(clusters, { search: mark, sort })).toEqual(expected);
      const backwards = { search: mark, sort: { ...sort, descending: true } };
      expect(await inPages(clusters, backwards)).toEqual([...expected].reverse());
    }
  });

  test('lose none of those that changed at the same moment', async () => {
    const mark = fresh('mark');
    await store().catalogue.change(ANN, async (edit) => {
      for (let i = 0; i < 9; i++) await edit.actions.create({ name: `${mark}-${i}` });
    });
    const { actions } = store().catalogue;
    const sort = { by: 'updatedAt', descending: true } as const;
    const names = await inPages(actions, { search: mark, sort });
    expect([...names].sort()).toEqual(Array.from({ length: 9 }, (_, i) => `${mark}-${i}`));
  });

  test('go on behind a row that is gone meanwhile', async () => {
    const mark = fresh('mark');
    const rows = await store().catalogue.change(ANN, (edit) =>
      Promise.all(['a', 'b', 'c'].map((name) => edit.steps.create({ name: `${mark}-${name}` }))),
    );
    const first = await store().catalogue.steps.list({ limit: 2, search: mark });
    await store().catalogue.change(ANN, (edit) => edit.steps.remove(rows[1]?.id ?? 0));
    const second = await store().catalogue.steps.list({ limit: 2, search: mark, cursor: first.next ?? '' });
    expect(second.items.map(({ name }) => name)).toEqual([`${mark}-c`]);
    expect(second).not.toHaveProperty('next');
  });

  test('refuse a cursor that no list of theirs gave', async () => {
    const { cluster, service } = await newSite(store());
    await newSite(store());
    const { clusters, services } = store().catalogue;
    const { next: ofServices } = await services.list({ limit: 1 });
    const { next: byId } = await clusters.list({ limit: 1, sort: { by: 'id', descending: false } });
    const forged = (...place: unknown[]) => Buffer.from(JSON.stringify(place)).toString('base64url');
    const bad = ['', '7', 'x'.repeat(9), cluster.name, service.name, ofServices ?? '', byId ?? ''];
    bad.push(forged('clusters by name up', 7), forged('clusters by name up'), forged('clusters by name up', 'a', 'b'));
    for (const cursor of bad) await expect(clusters.list({ limit: 1, cursor })).rejects.toThrow(BadCursor);
    const sort = { by: 'updatedAt', descending: true } as const;
    for (const time of [1e300, 1.5, 9e15, 'now'])
      await expect(
        clusters.list({ limit: 1, sort, cursor: forged('clusters by updatedAt down', time, 1) }),
      ).rejects.toThrow(BadCursor);
  });

  test('find a text in name or description, whatever its case and signs', async () => {
    const mark = fresh('mark');
    await store().catalogue.change(ANN, async (edit) => {
      await edit.actions.create({ name: `${mark} 100%_sure\\` });
      await edit.actions.create({ name: `${mark} other`, desc: 'Restarts NGINX' });
    });
    const found = async (search: string) =>
      (await store().catalogue.actions.list({ limit: 9, search })).items.map(({ name }) => name.replace(mark, ''));
    expect(await found(`${mark.toUpperCase()} 100%_S`)).toEqual([' 100%_sure\\']);
    expect(await found('sure\\')).toEqual([' 100%_sure\\']);
    expect(await found('restarts nginx')).toEqual([' other']);
    expect(await found(`${mark}%`)).toEqual([]);
    expect(await found(`${mark}\0`)).toHaveLength(2);
  });

  test('are narrowed to a cluster, a service, the use of a step', async () => {
    const { cluster, service, pool } = await newSite(store());
    const step = fresh('Start_Service');
    const template = await newTemplate(store(), specOf(fresh('t'), [useStep(step)]));
    await newTemplate(store(), specOf(fresh('t'), [useStep(`${step}2`)]));
    const { services, pools, templates } = store().catalogue;
    expect((await services.list({ limit: 5, filter: { clusterId: cluster.id } })).items).toEqual([service]);
    expect(await pools.all({ serviceId: service.id })).toEqual([pool]);
    expect(await pools.page({ page: 1, pageSize: 5, filter: { serviceId: service.id } })).toEqual({
      items: [pool],
      total: 1,
    });
    expect(await pools.all({ serviceId: 1e40 })).toEqual([]);
    expect(await templates.all({ step: step.toLowerCase() })).toEqual([template]);
  });

  test('come in numbered pages with their total, newest or oldest first', async () => {
    const mark = fresh('mark');
    const { steps } = store().catalogue;
    const before = (await steps.page({ page: 1, pageSize: 1 })).total;
    const rows = await store().catalogue.change(ANN, async (edit) => {
      const made = [];
      for (let i = 0; i < 5; i++) made.push(await edit.steps.create({ name: `${mark}-${i}` }));
      return made;
    });
    expect(await steps.page({ page: 1, pageSize: 2 })).toEqual({ items: [rows[4], rows[3]], total: before + 5 });
    expect((await steps.page({ page: 2, pageSize: 3, name: mark })).items).toEqual([rows[1], rows[0]]);
    const oldest = await steps.page({ page: 1, pageSize: 2, name: mark.toUpperCase(), order: 'oldest' });
    expect(oldest).toEqual({ items: [rows[0], rows[1]], total: 5 });
    expect(await steps.page({ page: 9e15, pageSize: 9e15, name: mark })).toEqual({ items: [], total: 5 });
    await store().catalogue.change(ANN, (edit) => edit.steps.remove(rows[0]?.id ?? 0));
    expect((await steps.page({ page: 1, pageSize: 1 })).total).toBe(before + 4);
  });
});
