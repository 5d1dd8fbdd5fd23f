import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trustedAddresses } from '../../../api/access/addresses.ts';
import { OPENDCP_ROUTES } from '../../../api/opendcp/routes.ts';
import { expectRefusals } from './refusals.ts';
import { ask, serveOpendcp, type OpendcpServer } from './serving.ts';

let server: OpendcpServer;
beforeAll(async () => {
  server = await serveOpendcp();
});
afterAll(() => server.close());

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('a URL', () => {
  it('takes every method, GET with a body included', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      expect((await server.ask('/cluster/list', { method })).body.query_count).toBeGreaterThanOrEqual(2);
      const created = await server.ask('/cluster/create', { method, json: { name: `by ${method}` } });
      expect(created.body).toEqual({ code: 0, msg: '', data: expect.any(Number) as number });
    }
  });

  it('answers HEAD with headers only', async () => {
    const { status, text, headers } = await server.ask('/cluster/list', { method: 'HEAD' });
    expect({ status, text }).toEqual({ status: 200, text: '' });
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect((await server.ask('/cluster/999', { method: 'HEAD' })).status).toBe(404);
  });

  it('may end with a slash, and in .json after a word, but not after an id', async () => {
    for (const path of [
      '/cluster/list/',
      '/cluster/list.json',
      '/cluster/1/',
      '/service/1/list_pools.json',
      '/pool/001',
    ])
      expect({ path, status: (await server.ask(path)).status }).toEqual({ path, status: 200 });
    expect((await server.ask('/cluster/1.json')).status).toBe(400);
    expect((await server.ask('/pool/1.json')).status).toBe(404);
  });

  it('is told from others by case, and is not found as JSON', async () => {
    for (const path of ['/Cluster/List', '/nope', '/cluster/list/more', '/pool', '/task/start'])
      expect({ path, status: (await server.ask(path)).status }).toEqual({ path, status: 404 });
  });

  it('with an id that is no number is not found where OpenDCP takes digits only', async () => {
    const byNumber = OPENDCP_ROUTES.map(({ path }) => path).filter(
      (path) => /:(id|nsid)/.test(path) && !/^\/(cluster|service)/.test(path),
    );
    for (const path of byNumber)
      for (const id of ['abc', '-1', '1abc', '1.5', '%00'])
        expect(await outcome(path.replace(/:\w+/, id))).toEqual({
          path: path.replace(/:\w+/, id),
          status: 404,
          code: 404,
        });
  });

  it('with the largest of numbers finds nothing, and breaks nothing', async () => {
    for (const { path } of OPENDCP_ROUTES.filter((route) => /:(id|nsid)/.test(route.path))) {
      const { status, body } = await server.ask(path.replace(/:\w+/, '9'.repeat(40)), { json: { name: 'x' } });
      expect({ path, code: body.code, fine: [200, 400, 404].includes(status) }).toEqual({
        ...{ path, code: status === 200 ? 0 : status, fine: true },
      });
    }
  });

  async function outcome(path: string) {
    const { status, body } = await server.ask(path);
    return { path, status, code: body.code };
  }
});

describe('a list', () => {
  it('is paged from the URL; what is no number from 1 on counts as 1 and 10', async () => {
    expect((await server.ask('/action/list?page=2&page_size=4')).body).toMatchObject({
      ...{ page: 2, page_size: 4, query_count: 9 },
      data: [{ id: 5 }, { id: 4 }, { id: 3 }, { id: 2 }],
    });
    for (const query of ['page=0&page_size=-3', 'page=abc&page_size=1.5', 'page=&page_size='])
      expect((await server.ask(`/action/list?${query}`)).body).toMatchObject({
        page: 1,
        page_size: 10,
        query_count: 9,
      });
    expect((await server.ask(`/action/list?page=99999999999999999999`)).body.data).toEqual([]);
  });

  it('is paged from a form that is posted, before the URL, and not from JSON or a form by GET', async () => {
    const form = { headers: FORM, body: 'page=2&page_size=1' };
    const page = async (question: object, path = '/action/list') => {
      const { body } = await server.ask(path, question);
      return [body.page, body.page_size];
    };
    expect(await page({ method: 'POST', ...form })).toEqual([2, 1]);
    expect(await page({ method: 'POST', ...form }, '/action/list?page=3&page_size=2')).toEqual([2, 1]);
    expect(await page({ method: 'GET', ...form })).toEqual([1, 10]);
    expect(await page({ method: 'POST', json: { page: 2, page_size: 1 } })).toEqual([1, 10]);
  });

  it('may be asked for by a part of the name, as the front end does', async () => {
    const { body } = await server.ask('/action/list?page=1&page_size=10&name=CONTAINER');
    expect(body).toMatchObject({ query_count: 2, data: [{ name: 'stop_container' }, { name: 'run_container' }] });
    expect((await server.ask('/action/list?name=%00')).body.query_count).toBe(0);
    expect((await server.ask('/pool/list?service_id=2')).body.data).toMatchObject([{ name: 'shop-pool' }]);
  });
});

describe('a body', () => {
  it('is JSON whatever the Content-Type says, and without one', async () => {
    for (const [i, type] of ['text/plain', 'nonsense', 'application/json; charset=gbk', ''].entries()) {
      const headers: Record<string, string> = type === '' ? {} : { 'content-type': type };
      const { status } = await server.ask('/action/create', { method: 'POST', headers, body: `{"name":"type ${i}"}` });
      expect({ type, status }).toEqual({ type, status: 200 });
    }
  });

  it('is empty when it comes as a form', async () => {
    for (const method of ['POST', 'PUT', 'GET']) {
      const { status, body } = await server.ask('/action/create', { method, headers: FORM, body: '{"name":"form"}' });
      expect({ status, msg: body.msg }).toEqual({ status: 400, msg: 'unexpected end of JSON input' });
    }
  });

  it('is refused when it is no JSON, no object, or too much', async () => {
    await expectRefusals(server, [
      ['/action/create', undefined, 400, 'unexpected end of JSON input'],
      ['/action/create', '{"name":', 400, 'unexpected end of JSON input'],
      ['/action/create', '{"name":"x"} x', 400, /^invalid JSON: /],
      ['/action/create', 'nope', 400, /^invalid JSON: /],
      ['/action/create', 'null', 400, /cannot unmarshal null/],
      ['/action/create', '[]', 400, /cannot unmarshal array/],
      ['/action/create', '"text"', 400, /cannot unmarshal string/],
      ['/action/create', '5', 400, /cannot unmarshal number 5/],
      ['/action/create', '['.repeat(100_000), 400, /depth|unexpected end/],
      ['/action/create', `{"params":${'{"a":'.repeat(500)}1${'}'.repeat(500)}}`, 400, 'exceeded max depth'],
      ['/action/create', `{"desc":"${'x'.repeat(1024 * 1024)}"}`, 413, /larger than 1048576 bytes/],
      ['/action/create', '{"desc":"\\u0000"}', 400, /U\+0000/],
      ['/action/create', '{"params":{"n":1e999}}', 400, /params\.n/],
    ]);
  });

  it('has keys in any case, unknown ones ignored, null as nothing, and the last of several', async () => {
    const id = await server.id('/cluster/create', { NAME: 'keys', Desc: 'd', biz: null, nodes: 'x' });
    expect(await server.data(`/cluster/${id}`)).toEqual({ id, name: 'keys', desc: 'd', biz: '' });
    const { body } = await server.ask('/cluster/create', { method: 'POST', body: '{"name":"one","name":"two"}' });
    expect(await server.data(`/cluster/${String(body.data)}`)).toMatchObject({ name: 'two' });
  });

  it('has the types of its fields and no others: 1.0 is no int, text is none', async () => {
    await expectRefusals(server, [
      ['/cluster/create', { name: 5 }, 400, /number 5 into name/],
      ['/cluster/create', { name: 'x', biz: true }, 400, /bool into biz/],
      ['/service/create', '{"name":"x","docker_image":"i","cluster_id":1.0}', 400, /number 1\.0 into cluster_id/],
      ['/service/create', '{"name":"x","docker_image":"i","cluster_id":1e0}', 400, /number 1e0 into cluster_id/],
      ['/service/create', { name: 'x', docker_image: 'i', cluster_id: '1' }, 400, /string into cluster_id/],
      ['/service/create', '{"name":"x","docker_image":"i","cluster_id":99999999999999999999}', 400, /cluster_id/],
      ['/remote_step/create', { name: 'x', actions: 'echo' }, 400, /string into actions, expected an array/],
      ['/remote_step/create', { name: 'x', actions: [5] }, 400, /actions\[0\]/],
      ['/action/create', { name: 'x', params: ['x'] }, 400, /array into params, expected an object/],
      [
        '/task_tpl/create',
        { name: 'x', steps: [{ retry: { retry_times: '2' } }] },
        400,
        /steps\[0\]\.retry\.retry_times/,
      ],
      ['/task_tpl/create', { name: 'x', steps: [5] }, 400, /steps\[0\]/],
    ]);
  });

  it('keeps halves of characters as the replacement character', async () => {
    const { body } = await server.ask('/cluster/create', { method: 'POST', body: '{"name":"half","desc":"\\ud800x"}' });
    expect(await server.data(`/cluster/${String(body.data)}`)).toMatchObject({ desc: '\uFFFDx' });
  });
});

describe('an answer', () => {
  it('is indented JSON, with what a page of HTML could take for its own escaped, and free maps in order', async () => {
    const id = await server.id('/action/create', {
      name: '<b> & </b>',
      params: { b: 1.5, a: { d: [1000], c: null } },
    });
    const { text } = await server.ask(`/action/${id}`);
    expect(text).toBe(`{
  "code": 0,
  "msg": "",
  "data": {
    "id": ${id},
    "name": "\\u003cb\\u003e \\u0026 \\u003c/b\\u003e",
    "desc": "",
    "params": {
      "a": {
        "c": null,
        "d": [
          1000
        ]
      },
      "b": 1.5
    }
  }
}`);
  });

  it('is in the envelope when nothing is there to answer with, and tells nothing of the inside', async () => {
    await using broken = await serveOpendcp({ catalogue: null });
    await broken.store.close();
    const { status, body } = await broken.ask('/cluster/list');
    expect(body).toEqual({ code: status, msg: expect.any(String) as string, data: {} });
    expect(status).toBeGreaterThanOrEqual(500);
    expect(body.msg).not.toMatch(/node_modules|\.ts|at /);
  });
});

describe('a name', () => {
  it('has at most fifty characters, of whatever script, none of four bytes and none that controls', async () => {
    for (const url of ['/cluster/create', '/action/create', '/remote_step/create', '/task_tpl/create']) {
      await server.data(url, { name: '名'.repeat(50) });
      await expectRefusals(server, [
        [url, { name: 'n'.repeat(51) }, 400, /51 characters, at most 50/],
        [url, { name: 'x😀' }, 400, /four bytes/],
        [url, { name: 'a\tb' }, 400, /control character/],
      ]);
    }
  });

  it("is its owner's alone, without regard to case", async () => {
    for (const [url, status] of [
      ['/cluster/create', 400],
      ['/action/create', 400],
      ['/remote_step/create', 400],
      ['/task_tpl/create', 404],
    ] as const) {
      await server.data(url, { name: 'Taken' });
      await expectRefusals(server, [[url, { name: 'tAKEN' }, status, /Taken|tAKEN/i]]);
    }
  });
});

describe('who asks', () => {
  const access = { adminToken: 'drv_an-admin-of-the-tests-with-a-long-token-123' };

  it('is told by a token, bare or as a bearer; without one every route refuses in the envelope', async () => {
    await using asking = await serveOpendcp({ access });
    for (const { path } of OPENDCP_ROUTES) {
      const { status, body } = await asking.ask(path.replace(/:\w+/, '1').replace('*', 'x'));
      expect({ path, status, code: body.code }).toEqual({ path, status: 401, code: 401 });
    }
    for (const authorization of [access.adminToken, `Bearer ${access.adminToken}`])
      expect((await asking.ask('/cluster/list', { headers: { authorization } })).status).toBe(200);
  });

  it('is named by an address that may do so, as the web front end is; nowhere else', async () => {
    const json = { name: '前端来的' };
    const headers = { authorization: Buffer.from('张三').toString('latin1') };
    await using trusting = await serveOpendcp({ access: { ...access, trusted: trustedAddresses('127.0.0.1') } });
    expect((await trusting.ask('/cluster/create', { method: 'POST', json, headers })).status).toBe(200);
    const { items } = await trusting.store.audit.list({ limit: 1, kind: 'cluster', name: '前端来的' });
    expect(items).toMatchObject([{ actor: { name: '张三', role: 'operator', via: 'trusted' } }]);
    await using other = await serveOpendcp({ access: { ...access, trusted: trustedAddresses('192.0.2.1') } });
    expect((await other.ask('/cluster/list', { headers })).status).toBe(401);
  });

  it('may look as a viewer, and change nothing', async () => {
    await using asking = await serveOpendcp({ access });
    const { secret } = await asking.store.tokens.create(
      { name: 'test', role: 'admin', via: 'local', from: null },
      { name: 'looker', role: 'viewer' },
    );
    for (const { path, access: needed } of OPENDCP_ROUTES) {
      const url = path.replace(/:\w+/, '1').replace('*', 'x');
      const { status } = await ask(asking.url, url, { headers: { authorization: secret } });
      expect({ path, refused: status === 403 }).toEqual({ path, refused: needed !== 'viewer' });
    }
  });
});
