import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefusals } from './refusals.ts';
import { serveOpendcp, type OpendcpServer } from './serving.ts';

let server: OpendcpServer;
beforeAll(async () => {
  server = await serveOpendcp();
});
afterAll(() => server.close());

const NO_ROW = '<QuerySeter> no row found';

describe('/action', () => {
  it('/create, /:id, /update/:id, /delete/:id: an update takes what it does not say away', async () => {
    const id = await server.id('/action/create', { id: 500, name: '动作', desc: '描述', params: { n: 'integer' } });
    expect(id).not.toBe(500);
    expect(await server.data(`/action/${id}`)).toEqual({ id, name: '动作', desc: '描述', params: { n: 'integer' } });
    expect(await server.data(`/action/update/${id}`, { name: 'x', params: { 参: 'string' } })).toBe('');
    expect(await server.data(`/action/${id}`)).toEqual({ id, name: '动作', desc: '', params: { 参: 'string' } });
    await server.data(`/action/update/${id}`, { desc: 'only' });
    expect(await server.data(`/action/${id}`)).toEqual({ id, name: '动作', desc: 'only', params: null });
    await server.id('/actimpl/create', { action_id: id, type: 'ansible', template: {} });
    expect(await server.data(`/action/delete/${id}`)).toBe('');
    await expectRefusals(server, [
      [`/action/${id}`, undefined, 404, NO_ROW],
      [`/actimpl/${id}`, undefined, 404, NO_ROW],
    ]);
  });

  it('/list: the newest first', async () => {
    const { body } = await server.ask('/action/list?page_size=2');
    expect(body).toMatchObject({ query_count: 9, data: [{ id: 9, name: 'report', params: {} }, { id: 8 }] });
  });

  it('refuses', async () => {
    await expectRefusals(server, [
      ['/action/999', undefined, 404, NO_ROW],
      ['/action/create', { name: 'ECHO' }, 400, /echo/i],
      ['/action/create', { name: 'a', params: { 参: 'string' } }, 400, 'there is unicode character in param'],
      ['/action/create', { name: 'a', params: { p: '字' } }, 400, 'there is unicode character in param'],
      ['/action/update/999', { desc: 'x' }, 404, NO_ROW],
      ['/action/update/1', '{', 400, 'unexpected end of JSON input'],
      ['/action/delete/5', undefined, 404, 'action is using ! step id:3,step name:echo'],
      ['/action/delete/999', undefined, 404, NO_ROW],
    ]);
  });
});

describe('/actimpl', () => {
  it("/create, /:actionId, /update/:actionId, /delete/:actionId: the id is the action's", async () => {
    const action = await server.id('/action/create', { name: 'implemented' });
    const template = { action: { module: 'shell', args: 'true' } };
    const id = await server.id('/actimpl/create', { action_id: action, type: 'ansible', template });
    expect(await server.data(`/actimpl/${action}`)).toEqual({ id, type: 'ansible', action_id: action, template });
    expect(await server.data(`/actimpl/update/${action}`, { action_id: 1, template: { action: {} } })).toBe('');
    expect(await server.data(`/actimpl/${action}`)).toEqual({
      id,
      type: 'ansible',
      action_id: action,
      template: { action: {} },
    });
    await server.id('/actimpl/create', { action_id: action, type: 'salt', template });
    expect(await server.data(`/actimpl/delete/${action}`)).toBe('');
    expect(await server.data(`/actimpl/delete/${action}`)).toBe('');
    await expectRefusals(server, [[`/actimpl/${action}`, undefined, 404, NO_ROW]]);
  });

  it('/list: the oldest first', async () => {
    const { body } = await server.ask('/actimpl/list?page_size=2');
    expect(body).toMatchObject({ query_count: 9, data: [{ id: 1, action_id: 1, type: 'ansible' }, { id: 2 }] });
  });

  it('refuses, and inserts nothing then', async () => {
    await expectRefusals(server, [
      ['/actimpl/create', { action_id: 999, type: 'ansible', template: {} }, 400, 'action 999 not found'],
      ['/actimpl/create', { action_id: 1, type: 'ansible', template: {} }, 400, /^action impl already exists/],
      ['/actimpl/create', { action_id: 1, type: 'x', template: 'text' }, 400, /template/],
      ['/actimpl/999', undefined, 404, NO_ROW],
      ['/actimpl/update/999', { type: 'ansible' }, 404, NO_ROW],
      ['/actimpl/update/1', 'null', 400, /null/],
    ]);
    expect((await server.ask('/actimpl/list')).body.query_count).toBe(9);
    expect(await server.data('/actimpl/delete/999')).toBe('');
  });
});

describe('/remote_step', () => {
  it('/create, /:id, /update/:id, /delete/:id: actions need not be there yet', async () => {
    const id = await server.id('/remote_step/create', { name: '步骤', actions: ['nosuch', 'echo', 'echo', null] });
    const shown = { id, name: '步骤', desc: '' };
    expect(await server.data(`/remote_step/${id}`)).toEqual({ ...shown, actions: ['nosuch', 'echo', 'echo', ''] });
    expect(await server.data(`/remote_step/update/${id}`, { name: 'x', desc: 'd' })).toBe('');
    expect(await server.data(`/remote_step/${id}`)).toEqual({ ...shown, desc: 'd', actions: null });
    expect(await server.data(`/remote_step/delete/${id}`)).toBe('');
    await expectRefusals(server, [[`/remote_step/${id}`, undefined, 404, NO_ROW]]);
  });

  it('/list: the newest first', async () => {
    const { body } = await server.ask('/remote_step/list?page_size=1');
    expect(body).toMatchObject({
      query_count: 7,
      data: [{ id: 12, name: 'report', desc: '报告', actions: ['report'] }],
    });
  });

  it('refuses', async () => {
    await expectRefusals(server, [
      ['/remote_step/999', undefined, 404, NO_ROW],
      ['/remote_step/create', { name: 'Echo' }, 400, /echo/i],
      ['/remote_step/create', { name: 'create_vm' }, 400, /create_vm is a step of its own/],
      ['/remote_step/update/999', { desc: 'x' }, 404, NO_ROW],
      ['/remote_step/delete/12', undefined, 404, 'step is using ! template id:9,template name:who-am-i'],
      ['/remote_step/delete/999', undefined, 404, NO_ROW],
    ]);
  });

  it('/task_step/list: all that templates are made of, on one page, whatever page is asked for', async () => {
    const step = await server.id('/remote_step/create', {
      name: 'mixed',
      desc: 'm',
      actions: ['count', 'nosuch', 'echo'],
    });
    const { body } = await server.ask('/task_step/list?page=2&page_size=1');
    const data = body.data as { name: string }[];
    expect(body).toMatchObject({ page: 0, page_size: data.length, query_count: data.length });
    expect(data).toHaveLength(8 + 4);
    expect(data).toContainEqual({
      ...{ id: 0, name: 'mixed', desc: 'm', type: 'remote', params: { echo_word: 'string', up_to: 'integer' } },
    });
    const group = { id: 0, desc: expect.any(String) as string };
    expect(data).toContainEqual({ ...group, name: 'create_vm', type: 'vm', params: { vm_type_id: 'Integer' } });
    expect(data).toContainEqual({
      ...group,
      name: 'unregister',
      type: 'sd',
      params: { service_discovery_id: 'Integer' },
    });
    await server.data(`/remote_step/delete/${step}`);
  });
});

describe('/task_tpl', () => {
  const steps = [
    { name: 'create_vm', param_values: { vm_type_id: 1 }, retry: { retry_times: -1, ignore_error: true } },
    { name: 'echo', param_values: { echo_word: '词', b: [1, { c: 2.5 }] }, retry: null, extra: 'dropped' },
    { name: 'echo' },
  ];
  const shown = [steps[0], { name: 'echo', param_values: { b: [1, { c: 2.5 }], echo_word: '词' }, retry: null }].concat(
    [{ name: 'echo', param_values: null, retry: null } as never],
  );

  it('goes by three names, steps as they came but for what is not known', async () => {
    for (const at of ['/task_tpl', '/task/impl', '/action/impl']) {
      const id = await server.id(`${at}/create`, { id: 7, name: `模板 ${at}`, desc: 'd', steps });
      expect(await server.data(`/task_tpl/${id}`)).toEqual({ id, name: `模板 ${at}`, desc: 'd', steps: shown });
      const { body } = await server.ask(`${at}/list?page_size=1`);
      expect(body).toMatchObject({ page: 1, page_size: 1, data: [{ id, name: `模板 ${at}`, steps: shown }] });
      const remove = at === '/task_tpl' ? [`/task_tpl/delete/${id}`] : ([`${at}/delete`, { id }] as const);
      expect(await server.data(...(remove as [string, unknown]))).toEqual({});
      await expectRefusals(server, [[`/task_tpl/${id}`, undefined, 404, NO_ROW]]);
    }
  });

  it('/update/:id replaces description and steps, and keeps what only Drover knows of', async () => {
    const id = await server.id('/task_tpl/create', { name: 'updated' });
    expect(await server.data(`/task_tpl/${id}`)).toEqual({ id, name: 'updated', desc: '', steps: null });
    const actor = { name: 'test', role: 'admin', via: 'local', from: null } as const;
    const row = await server.store.catalogue.templates.get(id);
    if (!row) throw new Error('it is not there');
    await server.store.catalogue.change(actor, (edit) =>
      edit.templates.update(id, { spec: { ...row.spec, rollout: { batch: 3 } } }),
    );
    expect(await server.data(`/task_tpl/update/${id}`, { name: 'x', steps: [{ name: 'echo' }] })).toBe('');
    expect(await server.data(`/task_tpl/${id}`)).toMatchObject({
      name: 'updated',
      desc: '',
      steps: [{ name: 'echo' }],
    });
    expect((await server.store.catalogue.templates.get(id))?.spec).toMatchObject({ rollout: { batch: 3 } });
    await server.data(`/task_tpl/update/${id}`, {});
    expect(await server.data(`/task_tpl/${id}`)).toMatchObject({ steps: null });
  });

  it('is removed though tasks ran it, which stay, but not while a pool names it', async () => {
    const id = await server.id('/task_tpl/create', {
      name: 'gone soon',
      steps: [{ name: 'echo', param_values: { echo_word: 'x' } }],
    });
    const nodes = [{ ip: '192.0.2.21' }];
    const created = await server.data('/task/create', { template_id: id, task_name: 't', max_ratio: 100, nodes });
    const [task] = (created as { ids: number[] }).ids;
    await server.data(`/task_tpl/delete/${id}`);
    expect(await server.data(`/task/${task}`)).toMatchObject({ template_id: id, template_name: 'gone soon' });
  });

  it('refuses', async () => {
    await expectRefusals(server, [
      ['/task_tpl/999', undefined, 404, NO_ROW],
      ['/task_tpl/create', { name: 'GREET' }, 404, /greet/i],
      ['/task_tpl/create', { name: 't', steps: [{ name: 'nosuch' }] }, 404, 'step name not found: nosuch'],
      ['/task_tpl/create', { name: 't', steps: {} }, 400, /steps/],
      ['/task_tpl/create', { name: 't', steps: [{ name: 'echo', param_values: [] }] }, 400, /param_values/],
      ['/task_tpl/create', { name: 't', steps: [{ name: 'echo', retry: { ignore_error: 1 } }] }, 400, /ignore_error/],
      ['/task_tpl/update/999', { desc: 'x' }, 404, NO_ROW],
      ['/task_tpl/update/7', { steps: [{ name: 'nosuch' }] }, 404, 'step name not found: nosuch'],
      ['/task_tpl/delete/999', undefined, 404, 'data not found'],
      ['/task_tpl/delete/6', undefined, 400, /is used by pool/],
      ['/task/impl/delete', { id: 999 }, 404, 'data not found'],
      ['/task/impl/delete', {}, 404, 'data not found'],
      ['/task/impl/delete', undefined, 400, 'unexpected end of JSON input'],
      ['/action/impl/delete', { id: '1' }, 400, /id/],
    ]);
  });
});
