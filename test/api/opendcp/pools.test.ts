import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefusals } from './refusals.ts';
import { serveOpendcp, TESTER, type OpendcpServer } from './serving.ts';

let server: OpendcpServer;
beforeAll(async () => {
  server = await serveOpendcp();
});
afterAll(() => server.close());

const NO_ROW = '<QuerySeter> no row found';

interface NodeShown {
  id: number;
  ip: string;
}

interface Started {
  ids: number[];
  names: string[];
}

const nodesOf = async (pool: number) => (await server.data(`/pool/${pool}/list_nodes?page_size=100`)) as NodeShown[];

describe('/pool', () => {
  it('/list: the newest first, with their nodes counted', async () => {
    const { body } = await server.ask('/pool/list?page=1&page_size=3');
    expect(body).toMatchObject({
      ...{ page: 1, page_size: 3, query_count: 4 },
      data: [
        { name: 'batch-pool' },
        { name: 'cache-pool', tasks: { deploy: '6' } },
        { name: 'shop-pool', node_count: 2 },
      ],
    });
  });

  it('/create, /:id, /update/:id, /delete/:id: the update replaces all but name and service', async () => {
    const given = { name: '池', desc: 'd', vm_type: 1, sd_id: 2, service_id: 1, tasks: { expand: '4', 部署: 6 } };
    const id = await server.id('/pool/create', given);
    const shown = { id, node_count: 0, is_bedepen: 0, is_hascron: 0 };
    expect(await server.data(`/pool/${id}`)).toEqual({ ...given, ...shown });
    expect(await server.data(`/pool/update/${id}`, { name: 'x', service_id: 2, sd_id: 5 })).toBe('');
    expect(await server.data(`/pool/${id}`)).toEqual({
      ...shown,
      ...{ name: '池', desc: '', vm_type: 0, sd_id: 5, service_id: 1, tasks: null },
    });
    expect(await server.data(`/pool/delete/${id}`)).toEqual({});
    await expectRefusals(server, [[`/pool/${id}`, undefined, 404, NO_ROW]]);
  });

  it('refuses', async () => {
    await expectRefusals(server, [
      ['/pool/999', undefined, 404, NO_ROW],
      ['/pool/0', undefined, 404, NO_ROW],
      ['/pool/abc', undefined, 404, 'there is no /pool/abc'],
      ['/pool/create', {}, 400, /no service with id 0/],
      ['/pool/create', { name: 'p', service_id: 999 }, 400, /no service with id 999/],
      ['/pool/create', { name: 'p', service_id: 1, tasks: ['x'] }, 400, /tasks/],
      ['/pool/create', { name: 'p', service_id: 1, tasks: { x: 'y'.repeat(250) } }, 400, /tasks is too long/],
      ['/pool/create', { name: 'p', service_id: 1, vm_type: 2 ** 31 }, 400, /vm_type is 2147483648/],
      ['/pool/create', { name: 'Shop-POOL', service_id: 1 }, 400, /shop-pool/i],
      ['/pool/update/999', { desc: 'x' }, 404, NO_ROW],
      ['/pool/update/1', '{', 400, 'unexpected end of JSON input'],
      ['/pool/delete/2', undefined, 400, 'node exists in this pool'],
      ['/pool/delete/999', undefined, 400, 'data not found'],
    ]);
  });
});

describe('the nodes of a pool', () => {
  it('/:id/list_nodes: the oldest first; none of a pool that is not there', async () => {
    const { body } = await server.ask('/pool/2/list_nodes?page_size=1');
    expect(body).toMatchObject({
      ...{ page_size: 1, query_count: 2 },
      data: [{ id: 1, ip: '192.0.2.21', vm_id: 'i-21', node_type: 'manual' }],
    });
    expect((await server.ask('/pool/999/list_nodes')).body).toMatchObject({ code: 0, data: [], query_count: 0 });
    expect((await server.ask('/pool/2/list_nodes?name=2.22')).body.data).toMatchObject([{ ip: '192.0.2.22' }]);
  });

  it('/:id/add_nodes: all of them or none', async () => {
    expect(await server.data('/pool/1/add_nodes', { nodes: [] })).toEqual([]);
    const ids = await server.data('/pool/1/add_nodes', { nodes: ['192.0.2.1', '2001:db8::1', 'web.example'] });
    expect(await nodesOf(1)).toEqual(
      ['192.0.2.1', '2001:db8::1', 'web.example'].map((ip, i) => ({
        ...{ id: (ids as number[])[i], ip, vm_id: '', status: 0, node_type: '' },
      })),
    );
    await expectRefusals(server, [
      ['/pool/1/add_nodes', { nodes: ['192.0.2.2', '192.0.2.21'] }, 404, 'ip exists already'],
      ['/pool/1/add_nodes', { nodes: ['192.0.2.3', '192.0.2.3'] }, 404, 'ip exists already'],
      ['/pool/1/add_nodes', { nodes: ['192.0.2.4', ' '] }, 400, 'ip is empty'],
      ['/pool/1/add_nodes', { nodes: ['192.0.2.5', 'no address!'] }, 400, /"no address!" is no address/],
      ['/pool/1/add_nodes', { nodes: '192.0.2.6' }, 400, /nodes/],
      ['/pool/1/add_nodes', { nodes: [1] }, 400, /nodes\[0\]/],
      ['/pool/999/add_nodes', { nodes: ['192.0.2.7'] }, 404, 'pool_id is not vaild'],
    ]);
    expect(await nodesOf(1)).toHaveLength(3);
  });

  it('/:id/remove_nodes: by id, of that pool only, all of them or none', async () => {
    const [first, second] = (await server.data('/pool/3/add_nodes', {
      nodes: ['192.0.2.31', '192.0.2.32'],
    })) as number[];
    await expectRefusals(server, [
      ['/pool/3/remove_nodes', { nodes: [first, 999] }, 400, /^error when delete id: 999/],
      ['/pool/3/remove_nodes', { nodes: [first, 1] }, 400, /^error when delete id: 1 /],
      ['/pool/3/remove_nodes', { nodes: ['192.0.2.31'] }, 400, /nodes\[0\]/],
      ['/pool/999/remove_nodes', { nodes: [first] }, 404, 'pool_id is not vaild'],
    ]);
    expect(await nodesOf(3)).toHaveLength(2);
    expect(await server.data('/pool/3/remove_nodes', { nodes: [first] })).toEqual({});
    expect(await nodesOf(3)).toMatchObject([{ id: second }]);
  });

  it('/search_by_ip/:list: the pool of each, -1 for none, however long the list', async () => {
    expect(await server.data('/pool/search_by_ip/192.0.2.21,192.0.2.99, 192.0.2.22')).toBeDefined();
    expect(await server.data('/pool/search_by_ip/192.0.2.21,192.0.2.99/')).toEqual({
      '192.0.2.21': 2,
      '192.0.2.99': -1,
    });
    const many = Array.from({ length: 500 }, (_, i) => `198.51.100.${i}`);
    expect(Object.keys((await server.data(`/pool/search_by_ip/${many.join(',')}`)) as object)).toHaveLength(500);
    expect(await server.data('/pool/search_by_ip/%00,__proto__,%27')).toEqual(
      JSON.parse('{"\\u0000": -1, "__proto__": -1, "\'": -1}'),
    );
    await expectRefusals(server, [['/pool/search_by_ip/', undefined, 404, /search_by_ip/]]);
  });
});

describe('what pools do', () => {
  const create_vm = { name: 'create_vm', param_values: { vm_type_id: 1 } };

  it('/expand/:id: says that there is no provider, once all else is right', async () => {
    const wrong = await server.id('/task_tpl/create', { name: 'no machines', steps: [{ name: 'echo' }, create_vm] });
    const pool = (name: string, tasks: object) => server.id('/pool/create', { name, service_id: 2, tasks });
    const [none, gone, other] = await Promise.all([
      pool('none', {}),
      pool('gone', { expand: 999 }),
      pool('other', { expand: wrong }),
    ]);
    await expectRefusals(server, [
      ['/pool/expand/2', { num: 0 }, 400, 'Bad num: 0'],
      ['/pool/expand/2', {}, 400, 'Bad num: 0'],
      ['/pool/expand/2', { num: 201 }, 400, 'Bad num: 201'],
      ['/pool/expand/2', { num: '2' }, 400, /num/],
      ['/pool/expand/2', '{', 400, 'unexpected end of JSON input'],
      ['/pool/expand/999', { num: 1 }, 400, 'Pool not found : 999'],
      [`/pool/expand/${none}`, { num: 1 }, 400, 'No task id found for:expand'],
      [`/pool/expand/${gone}`, { num: 1 }, 400, 'template not found: 999'],
      [`/pool/expand/${other}`, { num: 1 }, 400, 'first step of expand template is not create_vm: echo,create_vm'],
      ['/pool/expand/2', { num: 1 }, 400, /^expand fails: pool shop-pool has no provider/],
    ]);
  });

  it('/shrink/:id: wants nodes of the pool, and says that there is no provider', async () => {
    const pool = await server.id('/pool/create', { name: 'backwards', service_id: 2, tasks: { shrink: 4 } });
    await server.data('/pool/4/add_nodes', { nodes: ['192.0.2.41'] });
    await expectRefusals(server, [
      ['/pool/shrink/999', { nodes: ['192.0.2.21'] }, 400, 'Pool not found : 999'],
      [`/pool/shrink/${pool}`, { nodes: [] }, 400, /^last step of shrink template is not return_vm: create_vm,/],
      ['/pool/shrink/2', { nodes: [] }, 400, 'nodes is empty'],
      ['/pool/shrink/2', {}, 400, 'nodes is empty'],
      ['/pool/shrink/2', { nodes: [1] }, 400, /nodes\[0\]/],
      ['/pool/shrink/2', { nodes: ['192.0.2.21', '192.0.2.99'] }, 400, 'node :[192.0.2.99,] not found...'],
      ['/pool/shrink/2', { nodes: ['192.0.2.21', '192.0.2.41'] }, 400, 'nodes of other pools: 192.0.2.41'],
      ['/pool/shrink/2', { nodes: ['192.0.2.21'] }, 400, /^shrink fails: pool shop-pool has no provider/],
    ]);
    expect(await nodesOf(2)).toHaveLength(2);
  });

  it('/expand/:id, /shrink/:id: on machines of the pool, with its own type, discovery and image', async () => {
    const { catalogue } = server.store;
    const endpoint = 'http://127.0.0.1:9';
    const provider = { jupiter: { endpoint, discovery: { endpoint, appkey: 'secret:APPKEY' } } };
    await catalogue.change(TESTER, (edit) => edit.pools.update(2, { provider }));
    const { ids, names } = (await server.data('/pool/expand/2', { num: 3, pool: { id: 2 } })) as Started;
    expect(names).toEqual([`expand_shop-pool-${ids[0]}`]);
    expect(await server.data(`/task/${ids[0]}`)).toMatchObject({
      ...{ task_name: 'expand_shop-pool', template_id: 4, pool_name: 'shop-pool', step_len: 3 },
      options: [
        { name: 'create_vm', param_values: { vm_type_id: 3 } },
        { name: 'start_service', param_values: { name: 'shop', tag: 'registry.example/shop/web:1.0' } },
        { name: 'register', param_values: { service_discovery_id: 1 } },
      ],
    });
    expect(server.temporal.submitted.at(-1)).toMatchObject({
      ...{ pool: 'shop-pool', do: { expand: { by: 3 } }, rollout: { batch: [3] } },
      template: { steps: [{ use: 'create_vm', params: { vm_type_id: '3' } }, {}, { use: 'register' }] },
    });
    const shrunk = (await server.data('/pool/shrink/2', { nodes: ['192.0.2.21'] })) as Started;
    expect(await server.data(`/task/${shrunk.ids[0]}`)).toMatchObject({
      ...{ task_name: 'shrink_shop-pool', step_len: 1 },
      options: [
        { name: 'unregister', param_values: { service_discovery_id: 1 } },
        { name: 'stop_service' },
        { name: 'return_vm', param_values: { vm_type_id: 3 } },
      ],
    });
    expect(server.temporal.submitted.at(-1)).toMatchObject({ do: { shrink: { nodes: ['192.0.2.21'] } } });
    await catalogue.change(TESTER, (edit) => edit.pools.update(2, { limits: { max: 4, min: 2 } }));
    await expectRefusals(server, [
      ['/pool/expand/2', { num: 3 }, 400, /^expand fails: .*pool shop-pool would have 5 nodes/],
      ['/pool/shrink/2', { nodes: ['192.0.2.21'] }, 400, /^shrink fails: .*pool shop-pool would have 1 node/],
    ]);
    await catalogue.change(TESTER, (edit) => edit.pools.update(2, { provider: null, limits: null }));
  });

  it('a machine has the address -, until it has one', async () => {
    const node = { name: 'front-pool-1', address: '' };
    await server.store.catalogue.change(TESTER, (edit) =>
      edit.nodes.add(1, [{ node, vmId: 'w-1', nodeType: 'crontab' }]),
    );
    const [shown] = (await nodesOf(1)).slice(-1);
    expect(shown).toMatchObject({ ip: '-', vm_id: 'w-1', node_type: 'crontab' });
    await server.data('/pool/1/remove_nodes', { nodes: [shown?.id] });
  });

  it('/deploy/:id: all nodes of the pool, so many at a time, with the tag where a service is started', async () => {
    const answer = await server.data('/pool/deploy/2', { max_num: 1, tag: 'shop:2', auto: true, pool: { id: 2 } });
    const { ids, names } = answer as Started;
    expect(names).toEqual([`deploy_shop-pool-${ids[0]}`]);
    expect(await server.data(`/task/${ids[0]}`)).toMatchObject({
      ...{ task_name: 'deploy_shop-pool', template_id: 6, pool_name: 'shop-pool', step_len: 1, Stat: [2, 0, 0, 0, 0] },
      options: [
        { name: 'stop_service', param_values: { name: 'shop' } },
        { name: 'start_service', param_values: { name: 'shop', tag: 'shop:2' } },
      ],
    });
    expect(server.temporal.submitted.at(-1)).toMatchObject({
      pool: 'shop-pool',
      do: { deploy: {} },
      rollout: { batch: [1] },
    });
    const empty = await server.id('/pool/create', { name: 'empty', service_id: 2, tasks: { deploy: 6 } });
    await expectRefusals(server, [
      ['/pool/deploy/999', { max_num: 1, tag: 'x' }, 400, 'Pool not found : 999'],
      [`/pool/deploy/${empty}`, { max_num: 1, tag: 'x' }, 400, 'nodes is empty'],
      ['/pool/deploy/2', { max_num: 1 }, 400, 'tag is empty'],
      ['/pool/deploy/2', { max_num: '1', tag: 'x' }, 400, /max_num/],
      ['/pool/deploy/2', { max_num: 1, tag: 5 }, 400, /tag/],
    ]);
  });
});
