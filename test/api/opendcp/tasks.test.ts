import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefusals } from './refusals.ts';
import { serveOpendcp, type OpendcpServer } from './serving.ts';

let server: OpendcpServer;
beforeAll(async () => {
  server = await serveOpendcp();
  await server.data('/pool/3/add_nodes', { nodes: ['192.0.2.31', '192.0.2.32', '192.0.2.33'] });
});
afterAll(() => server.close());

const GREET = { template_id: 7, task_name: '打招呼 all', max_ratio: 50, max_num: 2 };
const at = (...ips: string[]) => ({ nodes: ips.map((ip) => ({ ip })) });

interface Started {
  ids: number[];
  names: string[];
}
const create = async (given: object) => (await server.data('/task/create', given)) as Started;
const one = async () => {
  const { ids, names } = await create({ ...GREET, ...at('192.0.2.21', '192.0.2.22') });
  return { id: Number(ids[0]), name: String(names[0]) };
};

describe('/task/create', () => {
  it('starts a task for each pool, and tells their ids and names', async () => {
    const { ids, names } = await create({ ...GREET, ...at('192.0.2.31', '192.0.2.21', '192.0.2.32', '192.0.2.33') });
    expect(names).toEqual(ids.map((id) => `打招呼-all-${id}`));
    const { body } = await server.ask('/task/list?page_size=2');
    expect(body.data).toMatchObject([
      { id: ids[1], task_name: '打招呼 all', pool_name: 'shop-pool', state: 1, step_len: 0, Stat: [1, 0, 0, 0, 0] },
      { id: ids[0], task_name: '打招呼 all', pool_name: 'cache-pool', state: 1, step_len: 1, Stat: [3, 0, 0, 0, 0] },
    ]);
    expect(server.temporal.submitted.slice(-2)).toMatchObject([
      { pool: 'cache-pool', nodes: ['192.0.2.31', '192.0.2.32', '192.0.2.33'], rollout: { batch: ['50%', 2] } },
      { pool: 'shop-pool', nodes: ['192.0.2.21'] },
    ]);
  });

  it('takes what it does not need, as the front end sends it: nodes without ip, timeout, auto, opr_user', async () => {
    const more = { timeout: 10, auto: true, opr_user: 'root', params: { any: 'x' } };
    const { ids } = await create({ ...GREET, ...more, max_num: undefined, nodes: [{}, { ip: '192.0.2.21', id: 1 }] });
    expect(await server.data(`/task/${ids[0]}`)).toMatchObject({ step_len: 0, Stat: [1, 0, 0, 0, 0] });
    expect(server.temporal.submitted.at(-1)).toMatchObject({ rollout: { batch: ['50%', 1] } });
  });

  it('refuses, in this order, and starts nothing then', async () => {
    const before = server.temporal.submitted.length;
    const unknown = at('192.0.2.21', '192.0.2.98', '192.0.2.99');
    await server.data('/remote_step/create', { name: 'hollow', actions: ['nosuch'] });
    const hollow = await server.id('/task_tpl/create', { name: 'hollow', steps: [{ name: 'hollow' }] });
    const empty = await server.id('/task_tpl/create', { name: 'empty', steps: [] });
    const missing = await server.id('/task_tpl/create', { name: 'missing', steps: [{ name: 'echo' }] });
    const run = (template_id: number) => ({ ...GREET, template_id, ...at('192.0.2.21') });
    await expectRefusals(server, [
      ['/task/create', '{', 400, 'unexpected end of JSON input'],
      ['/task/create', { ...GREET, nodes: ['192.0.2.21'] }, 400, /nodes\[0\]/],
      ['/task/create', { ...GREET, params: [{ a: 'b' }] }, 400, /params/],
      ['/task/create', { ...GREET, params: { a: 1 } }, 400, /params\.a/],
      ['/task/create', { ...GREET, template_id: '7' }, 400, /template_id/],
      ['/task/create', { ...unknown, max_ratio: 0 }, 400, 'ratio error'],
      ['/task/create', { ...unknown }, 400, 'ratio error'],
      ['/task/create', { ...unknown, max_ratio: 101 }, 400, 'ratio error'],
      ['/task/create', { ...GREET, ...unknown, template_id: 999 }, 400, 'node :[192.0.2.98,192.0.2.99,] not found...'],
      ['/task/create', { ...GREET, ...at('192.0.2.21', '192.0.2.21') }, 400, 'node :[192.0.2.21,] given twice...'],
      ['/task/create', { ...GREET, template_id: 999 }, 400, 'run task fails: Template not found 999'],
      ['/task/create', { ...GREET, nodes: [] }, 400, 'run task fails: nodes is empty'],
      ['/task/create', { ...GREET, nodes: [{}] }, 400, 'run task fails: nodes is empty'],
      ['/task/create', { ...GREET, task_name: '名'.repeat(51), ...at('192.0.2.21') }, 400, /task_name is too long/],
      ['/task/create', run(4), 400, /^run task fails: .*create_vm/],
      ['/task/create', run(hollow), 400, /^run task fails: .*nosuch/],
      ['/task/create', run(empty), 400, /^run task fails: .*steps.* is empty/],
      ['/task/create', run(missing), 400, /^run task fails: .*echo_word/],
    ]);
    expect(server.temporal.submitted).toHaveLength(before);
  });

  it('is told which node is meant where two of a pool share an address, and asks', async () => {
    const actor = { name: 'test', role: 'admin', via: 'local', from: null } as const;
    const node = (port: number) => ({ node: { name: `demo:${port}`, address: '127.0.0.1', port } });
    await server.store.catalogue.change(actor, (edit) => edit.nodes.add(4, [node(2201), node(2202)]));
    await expectRefusals(server, [
      ['/task/create', { ...GREET, ...at('127.0.0.1') }, 400, /^node :\[127\.0\.0\.1,\] is several nodes/],
    ]);
  });

  it("names who started it: the token's owner, and the audit knows it", async () => {
    const { id, name } = await one();
    const { items } = await server.store.audit.list({ limit: 1, kind: 'task', name });
    expect(items).toMatchObject([{ action: 'task.start', outcome: 'ok', after: { pool: 'shop-pool', nodes: 2 } }]);
    expect(await server.data(`/task/${id}`)).toMatchObject({ opr_user: 'http' });
    const { body } = await server.ask('/task/create', {
      ...{ method: 'POST', json: { ...GREET, ...at('192.0.2.21') } },
      headers: { authorization: 'root' },
    });
    expect(await server.data(`/task/${(body.data as Started).ids[0]}`)).toMatchObject({ opr_user: 'root' });
  });
});

describe('/task/:id and /task/list', () => {
  it("show a task with the steps it was started with, and the time in the server's own zone", async () => {
    const { id } = await one();
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/) as string;
    expect(await server.data(`/task/${id}`)).toEqual({
      ...{ id, template_id: 7, template_name: 'greet', task_name: '打招呼 all', pool_name: 'shop-pool', state: 1 },
      options: [
        {
          ...{ name: 'echo', param_values: { echo_word: "你好, it's <you> & me" } },
          retry: { retry_times: 0, ignore_error: false },
        },
        { name: 'count', param_values: { up_to: 3 }, retry: { retry_times: 0, ignore_error: false } },
      ],
      ...{ step_len: 1, opr_user: 'http', created: time, updated: time, Stat: [2, 0, 0, 0, 0] },
    });
  });

  it('show a state that Temporal knows better', async () => {
    const { id, name } = await one();
    server.temporal.executions.set(name, 'terminated');
    expect(await server.data(`/task/${id}`)).toMatchObject({ state: 3 });
    expect((await server.ask('/task/list?page_size=1')).body.data).toMatchObject([{ id, state: 3 }]);
  });

  it('count the pages, and find by a part of the title', async () => {
    const { body } = await server.ask('/task/list?page=1&page_size=1&name=ALL');
    expect(body.query_count).toBeGreaterThan(3);
    expect((await server.ask('/task/list?name=nothing%25like_it')).body).toMatchObject({ data: [], query_count: 0 });
  });

  it('refuse a task that is not there', async () => {
    await expectRefusals(server, [
      ['/task/999', undefined, 400, 'Flow not found: 999'],
      ['/task/999/detail', undefined, 400, 'Flow not found: 999'],
      ['/task/flow/999/log', undefined, 400, 'Flow not found: 999'],
      ['/task/999/log', undefined, 400, 'Flow not found: 999'],
      ['/task/node/999/log', undefined, 400, 'Node state not found: 999'],
      ['/task/abc', undefined, 404, 'there is no /task/abc'],
    ]);
  });
});

describe('the nodes of a task', () => {
  it('/task/:id/detail, /task/node/:nsid/log: by state, with their step and what it put out', async () => {
    const { id, name } = await one();
    const { id: taskId } = await server.temporal.row(name);
    const { ledger, logs } = server.store;
    const ref = (no: number, step: number) => ({ taskId, no, step, try: 1 });
    await ledger.begin(1, [ref(0, 0)]);
    await ledger.startJob({ ...ref(0, 0), action: 0 }, 'token');
    const bytes = Buffer.from('你好\n');
    await logs.append({ ...ref(0, 0), action: 0 }, 'out', 0, bytes, bytes.length);
    await ledger.finish(ref(0, 0), { status: 'ok', exitCode: 0, reason: '' });
    await ledger.begin(1, [ref(0, 1)]);

    const time = expect.any(String) as string;
    const shown = { pool_name: 'shop-pool', Created: time, Updated: time };
    const detail = (await server.data(`/task/${id}/detail`)) as Record<string, { id: number }[]>;
    const node = { id: expect.any(Number) as number, ...shown };
    expect(detail).toEqual({
      0: [{ ...node, ip: '192.0.2.22', state: 0, steps: '[]', vm_id: '' }],
      1: [{ ...node, ip: '192.0.2.21', state: 1, steps: 'count', vm_id: 'i-21' }],
    });
    const log = async (state: number) => server.data(`/task/node/${detail[state]?.[0]?.id}/log`);
    expect(await log(1)).toEqual([{ echo: '你好\n' }, { count: '<NO LOG>' }]);
    expect(await log(0)).toEqual([]);
  });

  it('/task/flow/:id/log, /task/:id/log: what happened, in order', async () => {
    const { id } = await one();
    for (const url of [`/task/flow/${id}/log`, `/task/${id}/log`]) {
      const log = (await server.data(url)) as { ctime: number }[];
      expect(log[0]).toEqual({
        ...{ id: 1, fid: id, batch_id: 0, correlation_id: `${id}-0` },
        ...{ message: 'task of 2 nodes: running', ctime: expect.any(Number) as number },
      });
      expect(Math.abs(Date.now() / 1000 - (log[0]?.ctime ?? 0))).toBeLessThan(600);
    }
  });
});

describe('/task/pause/:id, /task/start/:id, /task/stop/:id', () => {
  it('steer a task, by any method, its id in the query as well', async () => {
    const { id, name } = await one();
    expect((await server.ask(`/task/pause/${id}?id=${id}`)).body).toEqual({ code: 0, msg: '', data: {} });
    expect(await server.data(`/task/${id}`)).toMatchObject({ state: 4 });
    expect(await server.data(`/task/start/${id}`)).toEqual({});
    expect(await server.data(`/task/${id}`)).toMatchObject({ state: 1 });
    expect((await server.ask(`/task/stop/${id}`, { method: 'GET' })).body.data).toEqual({});
    expect(await server.data(`/task/${id}`)).toMatchObject({ state: 1 });
    await server.temporal.comes(name, 'stopped');
    expect(await server.data(`/task/${id}`)).toMatchObject({ state: 2 });
    expect(server.temporal.told.slice(-3)).toEqual([`${name}: pause`, `${name}: resume`, `${name}: stop undefined`]);
    const { items } = await server.store.audit.list({ limit: 3, kind: 'task', name });
    expect(items.map(({ action }) => action)).toEqual(['task.stop', 'task.resume', 'task.pause']);
  });

  it('start runs again what failed, and nothing of what succeeded', async () => {
    const { id, name } = await one();
    await server.temporal.comes(name, 'failed');
    expect(await server.data(`/task/${id}`)).toMatchObject({ state: 3 });
    await server.data(`/task/start/${id}`);
    expect(server.temporal.told.at(-1)).toBe(`${name}: retry undefined`);
    await server.temporal.comes(name, 'ok');
    const told = server.temporal.told.length;
    expect(await server.data(`/task/start/${id}`)).toEqual({});
    expect(await server.data(`/task/${id}`)).toMatchObject({ state: 2 });
    expect(server.temporal.told).toHaveLength(told);
  });

  it('refuse what does not fit the state', async () => {
    const { id, name } = await one();
    const flow = 'Flow 打招呼 all';
    const running = `start task ${id} fails： ${flow} is in state running: 1 do not start`;
    await expectRefusals(server, [
      ['/task/start/999', undefined, 400, 'flow not found id: 999'],
      ['/task/pause/999', undefined, 400, 'flow not found id: 999'],
      ['/task/stop/999', undefined, 400, 'flow not found id: 999'],
      [`/task/start/${id}`, undefined, 400, running],
    ]);
    for (const status of ['ok', 'failed', 'stopped'] as const) {
      await server.temporal.comes(name, status);
      await expectRefusals(server, [
        [`/task/pause/${id}`, undefined, 400, `pause task ${id} fails: ${flow} is not running`],
        [`/task/stop/${id}`, undefined, 400, `stop task ${id} fails: ${flow} already finished`],
      ]);
    }
    await server.temporal.comes(name, 'paused');
    await expectRefusals(server, [
      [`/task/pause/${id}`, undefined, 400, `pause task ${id} fails: ${flow} is not running`],
    ]);
    await server.data(`/task/stop/${id}`);
    await expectRefusals(server, [[`/task/start/${id}`, undefined, 400, running]]);
  });
});
