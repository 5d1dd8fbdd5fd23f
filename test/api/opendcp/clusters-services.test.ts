import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefusals } from './refusals.ts';
import { serveOpendcp, type OpendcpServer } from './serving.ts';

let server: OpendcpServer;
beforeAll(async () => {
  server = await serveOpendcp();
});
afterAll(() => server.close());

const NO_ROW = '<QuerySeter> no row found';
const BAD_ID = 'id is error !';

describe('/cluster', () => {
  it('/list: the newest first', async () => {
    expect((await server.ask('/cluster/list')).body).toEqual({
      ...{ code: 0, msg: '', page: 1, page_size: 10, query_count: 2 },
      data: [
        { id: 2, name: 'openstack_cluster', desc: '第二个集群', biz: '1' },
        { id: 1, name: 'default_cluster', desc: '第一个集群', biz: '1' },
      ],
    });
  });

  it('/create, /:id, /update/:id, /delete/:id: the update replaces all but the name, and wants one', async () => {
    const id = await server.id('/cluster/create', { name: '  ', desc: '描述', biz: 'b' });
    expect(await server.data(`/cluster/${id}`)).toEqual({ id, name: '  ', desc: '描述', biz: 'b' });
    expect(await server.data(`/cluster/update/${id}`, { name: 'other', biz: 'c' })).toBe('');
    expect(await server.data(`/cluster/${id}`)).toEqual({ id, name: '  ', desc: '', biz: 'c' });
    expect(await server.data(`/cluster/delete/${id}`)).toEqual({});
    await expectRefusals(server, [[`/cluster/${id}`, undefined, 404, NO_ROW]]);
  });

  it('/:id/list_services: the oldest first; none of a cluster that is not there', async () => {
    const { body } = await server.ask('/cluster/1/list_services?page=1&page_size=1');
    expect(body).toMatchObject({
      ...{ page: 1, page_size: 1, query_count: 2 },
      data: [{ id: 1, name: 'front', desc: '前端', service_type: 'nginx', docker_image: '-', cluster_id: 1 }],
    });
    for (const id of ['999', 'abc', '-1', '0'])
      expect((await server.ask(`/cluster/${id}/list_services`)).body).toMatchObject({
        code: 0,
        data: [],
        query_count: 0,
      });
  });

  it('refuses', async () => {
    await expectRefusals(server, [
      ['/cluster', undefined, 400, BAD_ID],
      ['/cluster/', undefined, 400, BAD_ID],
      ['/cluster/abc', undefined, 400, BAD_ID],
      ['/cluster/0', undefined, 400, BAD_ID],
      ['/cluster/-1', undefined, 400, BAD_ID],
      ['/cluster/999', undefined, 404, NO_ROW],
      ['/cluster/create', { desc: 'd' }, 400, 'param is error!'],
      ['/cluster/create', { name: '' }, 400, 'param is error!'],
      ['/cluster/create', { name: 'DEFAULT_cluster' }, 400, /default_cluster/i],
      ['/cluster/create', 'null', 400, /null/],
      ['/cluster/update', { name: 'x' }, 400, BAD_ID],
      ['/cluster/update/abc', { name: 'x' }, 400, BAD_ID],
      ['/cluster/update/999', { name: 'x' }, 400, 'old data not found !'],
      ['/cluster/update/1', { desc: 'x' }, 400, 'param is error!'],
      ['/cluster/update/1', 'null', 400, /null/],
      ['/cluster/delete/1', undefined, 400, 'service exists in this cluster'],
      ['/cluster/delete/999', undefined, 400, NO_ROW],
      ['/cluster/delete/abc', undefined, 400, BAD_ID],
    ]);
  });
});

describe('/service', () => {
  const given = { name: '服务', desc: 'd', service_type: 'Java', docker_image: 'img:1', cluster_id: 1 };

  it('/create, /:id, /update/:id, /delete/:id: the update replaces all but the name', async () => {
    const id = await server.id('/service/create', given);
    expect(await server.data(`/service/${id}`)).toEqual({ id, ...given });
    expect(await server.data(`/service/update/${id}`, { name: 'x', docker_image: 'i', cluster_id: 2 })).toBe('');
    expect(await server.data(`/service/${id}`)).toEqual({
      ...{ id, name: '服务', desc: '', service_type: '', docker_image: 'i', cluster_id: 2 },
    });
    expect(await server.data(`/service/delete/${id}`)).toEqual({});
    await expectRefusals(server, [[`/service/delete/${id}`, undefined, 404, NO_ROW]]);
  });

  it('/:id/list_pools: with the number of their nodes; none of a service that is not there', async () => {
    const pool = { id: 2, name: 'shop-pool', desc: '网店池', vm_type: 3, sd_id: 1, service_id: 2, node_count: 2 };
    expect((await server.ask('/service/2/list_pools')).body).toEqual({
      ...{ code: 0, msg: '', page: 1, page_size: 10, query_count: 1 },
      data: [{ ...pool, tasks: { deploy: 6, expand: 4, shrink: 5 }, is_bedepen: 0, is_hascron: 0 }],
    });
    for (const id of ['999', 'abc'])
      expect((await server.ask(`/service/${id}/list_pools`)).body).toMatchObject({ code: 0, data: [], query_count: 0 });
  });

  it('refuses', async () => {
    await expectRefusals(server, [
      ['/service', undefined, 400, BAD_ID],
      ['/service/list', undefined, 400, BAD_ID],
      ['/service/abc', undefined, 400, BAD_ID],
      ['/service/999', undefined, 404, NO_ROW],
      ['/service/create', { ...given, name: '' }, 400, 'param is error!'],
      ['/service/create', { ...given, docker_image: undefined }, 400, 'param is error!'],
      ['/service/create', { ...given, cluster_id: undefined }, 400, 'param is error!'],
      ['/service/create', { ...given, cluster_id: 0 }, 400, 'param is error!'],
      ['/service/create', { ...given, cluster_id: 999 }, 400, /no cluster with id 999/],
      ['/service/create', { ...given, name: 'SHOP' }, 400, /shop/i],
      ['/service/update/2', { name: 'x', cluster_id: 1 }, 400, 'param is error!'],
      ['/service/update/2', { ...given, cluster_id: 999 }, 400, /no cluster with id 999/],
      ['/service/update/999', given, 404, NO_ROW],
      ['/service/update/abc', given, 400, BAD_ID],
      ['/service/delete/2', undefined, 400, 'sub pool exists'],
      ['/service/delete/999', undefined, 404, NO_ROW],
      ['/service/delete/abc', undefined, 400, BAD_ID],
    ]);
  });
});

it('leaves an entry in the audit for every change, and none for a refusal', async () => {
  const id = await server.id('/cluster/create', { name: 'audited' });
  await server.ask('/cluster/create', { method: 'POST', json: { name: 'audited' } });
  await server.ask(`/cluster/delete/${id}`, { headers: { authorization: 'root' } });
  const { items } = await server.store.audit.list({ limit: 10, kind: 'cluster', name: 'audited' });
  expect(items.map(({ action, actor }) => [action, actor.name])).toEqual([
    ['cluster.delete', 'root'],
    ['cluster.create', ''],
  ]);
});
