import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TemporalUnreachable } from '../../client/errors.ts';
import type { TaskView } from '../../model/task.ts';
import { DEFAULT_ROLLOUT } from '../../model/rollout.ts';
import { eventually } from '../support/eventually.ts';
import { endTask, seedTask, serveApi, TEMPLATE, type Served } from './served.ts';

let api: Served;
beforeAll(async () => {
  api = await serveApi();
});
afterAll(() => api.close());

/** Fields of whatever is answered; each test says which it looks at. */
interface Answer extends TaskView {
  error: { code: string; message: string; path?: string; expected?: string; problems?: { path: string }[] };
  items: { name: string }[];
  next: string | null;
  info: unknown;
  paths: Record<string, { post?: { responses: Record<string, unknown> } }>;
}

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; json: Answer }> {
  const response = await fetch(`${api.url}${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return answered(response);
}

async function answered(response: Response): Promise<{ status: number; json: Answer }> {
  return { status: response.status, json: (await response.json()) as Answer };
}

describe('POST /api/v1/tasks', () => {
  it('starts a task, and tells of it before a worker has taken it up', async () => {
    const { status, json } = await ask('POST', '/api/v1/tasks', {
      name: 'fresh',
      template: TEMPLATE,
      nodes: ['a', 'b'],
    });
    expect(status).toBe(201);
    expect(json).toMatchObject({ name: 'fresh', status: 'pending', temporal: { workflowId: 'fresh' } });
    expect((await ask('GET', '/api/v1/tasks/fresh')).json).toMatchObject({ status: 'pending' });
  });

  it('refuses a name in use', async () => {
    await seedTask(api, 'taken');
    const { status, json } = await ask('POST', '/api/v1/tasks', { name: 'taken', template: TEMPLATE, nodes: ['a'] });
    expect(status).toBe(409);
    expect(json.error).toMatchObject({ code: 'name_in_use', message: expect.stringContaining('taken') as unknown });
  });

  it('tells every problem of a template at once, and starts nothing', async () => {
    const before = api.temporal.submitted.length;
    const template = { name: 'x', stepz: [], steps: [{ name: 'a', actions: [{ shel: 'x' }], timeout: 'fast' }] };
    const { status, json } = await ask('POST', '/api/v1/tasks', { template, nodes: ['a'] });
    expect(status).toBe(400);
    expect((json.error.problems ?? []).map(({ path }: { path: string }) => path)).toEqual(
      expect.arrayContaining(['template.stepz', 'template.steps[0].actions[0].shel', 'template.steps[0].timeout']),
    );
    for (const { path } of json.error.problems ?? []) expect(json.error.message).toContain(path);
    expect(api.temporal.submitted.length).toBe(before);
  });

  it('gives path and expected of a single problem', async () => {
    const { json } = await ask('POST', '/api/v1/tasks', { template: { ...TEMPLATE, name: 3 }, nodes: ['a'] });
    expect(json.error).toMatchObject({
      code: 'invalid',
      path: 'template.name',
      expected: expect.any(String) as unknown,
    });
    expect(json.error.problems).toHaveLength(1);
  });

  it('refuses unknown keys, broken JSON and what is no JSON', async () => {
    const unknown = await ask('POST', '/api/v1/tasks', { template: TEMPLATE, nodes: ['a'], frob: 1 });
    expect(unknown.status).toBe(400);
    expect(unknown.json.error.path).toBe('frob');
    const headers = { 'content-type': 'application/json' };
    const broken = await fetch(`${api.url}/api/v1/tasks`, { method: 'POST', body: '{', headers });
    expect(await answered(broken)).toMatchObject({ status: 400, json: { error: { code: 'invalid' } } });
    const text = await fetch(`${api.url}/api/v1/tasks`, {
      method: 'POST',
      body: 'x',
      headers: { 'content-type': 'text/x' },
    });
    expect(await answered(text)).toMatchObject({ status: 415, json: { error: { code: 'unsupported_media_type' } } });
  });
});

describe('GET /api/v1/tasks', () => {
  it('lists newest first, in pages, by status and template', async () => {
    for (const name of ['list-1', 'list-2', 'list-3']) await seedTask(api, name);
    const first = (await ask('GET', '/api/v1/tasks?limit=2&template=web')).json;
    expect(first.items.map(({ name }: { name: string }) => name)).toEqual(['list-3', 'list-2']);
    const second = (await ask('GET', `/api/v1/tasks?limit=1&cursor=${first.next}`)).json;
    expect(second.items[0]?.name).toBe('list-1');
    expect((await ask('GET', '/api/v1/tasks?status=ok')).json.items).toEqual([]);
    expect((await ask('GET', '/api/v1/tasks?template=other')).json.items).toEqual([]);
  });

  it('refuses a status and a cursor that are none', async () => {
    expect((await ask('GET', '/api/v1/tasks?status=fine')).status).toBe(400);
    expect((await ask('GET', '/api/v1/tasks?cursor=x')).status).toBe(400);
  });
});

describe('GET /api/v1/tasks, sorted and searched', () => {
  const namesBy = async (query: string) => {
    const found: string[] = [];
    let cursor = '';
    do {
      const { json } = await ask('GET', `/api/v1/tasks?limit=2&search=SORT-${query}${cursor}`);
      found.push(...json.items.map(({ name }) => name));
      cursor = json.next === null ? '' : `&cursor=${json.next}`;
    } while (cursor !== '');
    return found;
  };

  it('is in the order asked for, page by page, with ties', async () => {
    const tasks = [];
    for (const name of ['sort-b', 'sort-a', 'sort-d', 'sort-c', 'sort-e']) tasks.push(await seedTask(api, name));
    const finishedAt = new Date('2026-11-01T00:00:00Z');
    for (const { id } of tasks.slice(0, 3)) await api.store.tasks.update(id, { status: 'ok', finishedAt });
    const made = ['sort-b', 'sort-a', 'sort-d', 'sort-c', 'sort-e'];
    expect(await namesBy('')).toEqual(made.toReversed());
    expect(await namesBy('&sort=createdAt')).toEqual(made);
    expect(await namesBy('&sort=name')).toEqual(made.toSorted());
    expect(await namesBy('&sort=-name')).toEqual(made.toSorted().reverse());
    expect(await namesBy('&sort=finishedAt')).toEqual(made);
    expect(await namesBy('&sort=-finishedAt')).toEqual(made.toReversed());
    const { next } = (await ask('GET', '/api/v1/tasks?limit=2&sort=name')).json;
    expect((await ask('GET', `/api/v1/tasks?sort=-name&cursor=${next}`)).status).toBe(400);
  });

  it('finds titles, too, and tells number, title and version', async () => {
    api.temporal.executions.set('titled', 'running');
    await api.store.tasks.create({
      ...{ name: 'titled', kind: 'run', pool: 'p', template: TEMPLATE, params: {}, rollout: DEFAULT_ROLLOUT },
      ...{ digest: 'x', startedBy: 'test', nodesTotal: 0, workflowId: 'titled', runId: 'run-1' },
      ...{ title: '扩容 web', templateId: 7, templateVersion: 3, seq: await api.store.tasks.reserveNumber() },
    });
    const { items } = (await ask('GET', `/api/v1/tasks?search=${encodeURIComponent('扩容')}`)).json;
    expect(items).toMatchObject([
      { name: 'titled', title: '扩容 web', templateVersion: 3, number: expect.any(Number) as unknown },
    ]);
    const plain = await seedTask(api, 'plain');
    expect((await ask('GET', '/api/v1/tasks/plain')).json).toMatchObject({
      ...{ number: plain.seq, title: 'plain', templateVersion: null },
    });
  });
});

describe('GET /api/v1/tasks/:name', () => {
  it('has the shape that others rely on', async () => {
    const task = await seedTask(api, 'shape');
    expect((await ask('GET', '/api/v1/tasks/shape')).json).toMatchObject({
      ...{ id: task.id, name: 'shape', kind: 'run', pool: null, template: 'web', status: 'running', reason: '' },
      ...{
        startedBy: 'test',
        createdAt: expect.any(String) as unknown,
        startedAt: expect.any(String) as unknown,
        finishedAt: null,
      },
      nodes: {
        total: 3,
        pending: 3,
        running: 0,
        ok: 0,
        failed: 0,
        timed_out: 0,
        unreachable: 0,
        unknown: 0,
        skipped: 0,
        cancelled: 0,
      },
      batches: { total: 0, done: 0 },
      rollout: { batch: ['20%'] },
      temporal: {
        workflowId: 'shape',
        runId: 'run-1',
        url: 'http://ui.example/namespaces/default/workflows/shape/run-1/history',
      },
    });
  });

  it('says what Temporal knows better: terminated there, the task is not running', async () => {
    await seedTask(api, 'gone');
    api.temporal.executions.set('gone', 'terminated');
    expect((await ask('GET', '/api/v1/tasks/gone')).json).toMatchObject({
      status: 'terminated',
      reason: 'terminated in Temporal',
    });
    api.temporal.executions.set('gone', 'paused');
    expect((await ask('GET', '/api/v1/tasks/gone')).json).toMatchObject({ status: 'paused' });
  });

  it('says so when Temporal does not answer', async () => {
    await seedTask(api, 'alone');
    api.temporal.broken = new TemporalUnreachable('no Temporal');
    try {
      const { status, json } = await ask('GET', '/api/v1/tasks/alone');
      expect([status, json.status]).toEqual([200, 'running']);
      expect(json.reason).toContain('as last recorded');
      const unknown = await ask('GET', '/api/v1/tasks/nowhere');
      expect([unknown.status, unknown.json.error.code]).toEqual([503, 'temporal_unavailable']);
    } finally {
      api.temporal.broken = undefined;
    }
  });

  it('is 404 for a task that is not there, as is a route', async () => {
    expect((await ask('GET', '/api/v1/tasks/nope')).json.error).toEqual({
      code: 'not_found',
      message: 'there is no task named nope',
    });
    const route = await ask('GET', '/api/v2/x');
    expect([route.status, route.json.error.code]).toEqual([404, 'not_found']);
  });
});

describe('GET /api/v1/tasks/:name/nodes', () => {
  it('pages, and filters by several statuses and by name', async () => {
    const task = await seedTask(api, 'nodes', 5);
    const ref = { taskId: task.id, no: 1, step: 0, try: 1 };
    await api.store.ledger.begin(1, [ref]);
    await api.store.ledger.finish(ref, { status: 'failed', exitCode: 3, reason: 'exit code 3' });
    await api.store.ledger.settle(task.id, 1, 'failed', 'pull: exit code 3');
    const page = (await ask('GET', '/api/v1/tasks/nodes/nodes?page=2&page_size=2')).json;
    expect(page).toMatchObject({ page: 2, page_size: 2, total: 5, items: [{ no: 2, name: 'web-03' }, { no: 3 }] });
    const failed = (await ask('GET', '/api/v1/tasks/nodes/nodes?status=failed,unknown')).json;
    expect(failed.items).toMatchObject([
      {
        no: 1,
        name: 'web-02',
        address: '192.0.2.2',
        batch: 1,
        status: 'failed',
        steps: [
          { name: 'pull', status: 'failed', tries: 1, exitCode: 3, reason: 'exit code 3' },
          { name: 'start', status: 'pending' },
        ],
      },
    ]);
    expect((await ask('GET', '/api/v1/tasks/nodes/nodes?name=web-05')).json.items).toMatchObject([{ no: 4 }]);
    expect((await ask('GET', '/api/v1/tasks/nodes/nodes?status=fine')).status).toBe(400);
  });
});

describe('steering', () => {
  it('tells the task', async () => {
    await seedTask(api, 'steered');
    for (const what of ['pause', 'resume', 'stop', 'retry'])
      expect((await ask('POST', `/api/v1/tasks/steered/${what}`)).status).toBe(200);
    await ask('POST', '/api/v1/tasks/steered/stop', { kill: true });
    await ask('POST', '/api/v1/tasks/steered/retry', { nodes: ['web-02'] });
    await ask('POST', '/api/v1/tasks/steered/skip', { nodes: ['web-01', 'web-03'] });
    expect(await ask('PATCH', '/api/v1/tasks/steered/rollout', { batch: 10 })).toMatchObject({
      status: 200,
      json: { order: 'step' },
    });
    expect(api.temporal.told.filter((line) => line.startsWith('steered')).map((line) => line.slice(9))).toEqual([
      ...['pause', 'resume', 'stop {"kill":false}', 'retry {}', 'stop {"kill":true}', 'retry {"nodes":["web-02"]}'],
      ...['skip web-01,web-03', 'rollout {"batch":10}'],
    ]);
  });

  it('refuses nodes that the task does not have, all of them', async () => {
    await seedTask(api, 'astray');
    const { status, json } = await ask('POST', '/api/v1/tasks/astray/skip', { nodes: ['web-01', 'x', 'y'] });
    expect(status).toBe(400);
    expect(json.error.problems).toMatchObject([{ path: 'nodes[1]' }, { path: 'nodes[2]' }]);
    expect((await ask('POST', '/api/v1/tasks/astray/skip', {})).status).toBe(400);
  });

  it('is 409 for a task that has ended and 404 for one that is not there', async () => {
    const task = await seedTask(api, 'over');
    await endTask(api, task);
    const ended = await ask('POST', '/api/v1/tasks/over/pause');
    expect([ended.status, ended.json.error.code]).toEqual([409, 'not_running']);
    expect((await ask('POST', '/api/v1/tasks/nope/pause')).status).toBe(404);
    expect((await ask('POST', '/api/v1/tasks/nope/retry')).status).toBe(404);
  });

  it('answers a retry of an ended task once it shows as started again', async () => {
    const task = await seedTask(api, 'again');
    await endTask(api, task, 'failed');
    const answer = ask('POST', '/api/v1/tasks/again/retry');
    await eventually(() => expect(api.temporal.told).toContain('again: retry {}'));
    await api.store.tasks.update(task.id, { status: 'running' });
    api.temporal.executions.set('again', 'running');
    expect((await answer).json).toMatchObject({ status: 'running' });
  });
});

describe('files', () => {
  const bytes = Buffer.from('a file\0of bytes');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const put = (hash: string, body: Buffer) =>
    fetch(`${api.url}/api/v1/files/${hash}`, {
      method: 'PUT',
      body,
      headers: { 'content-type': 'application/octet-stream' },
    });

  it('are stored by their hash', async () => {
    const head = () => fetch(`${api.url}/api/v1/files/${sha256}`, { method: 'HEAD' });
    expect((await head()).status).toBe(404);
    const answer = await put(sha256, bytes);
    expect([answer.status, await answer.json()]).toEqual([200, { sha256, size: bytes.length }]);
    expect((await head()).status).toBe(200);
    expect(await api.store.files.get(sha256)).toEqual(bytes);
  });

  it('with another hash, and those that are too big, are refused', async () => {
    expect((await put(sha256, Buffer.from('other'))).status).toBe(400);
    expect((await put('abc', bytes)).status).toBe(400);
    const big = await put(sha256, Buffer.alloc(64 * 1024 * 1024 + 1));
    expect(await answered(big)).toMatchObject({ status: 413, json: { error: { code: 'too_large' } } });
  });
});

describe('the server itself', () => {
  it('is alive, and ready while store, Temporal and a worker are there', async () => {
    expect((await ask('GET', '/healthz')).json).toEqual({ status: 'ok' });
    expect(await ask('GET', '/readyz')).toEqual({
      status: 200,
      json: { ready: true, store: 'ok', temporal: 'ok', workers: 1 },
    });
  });

  it('is not ready without a worker, or without Temporal', async () => {
    let workers = () => Promise.resolve(0);
    const other = await serveApi({ workers: () => workers() });
    try {
      expect((await fetch(`${other.url}/readyz`)).status).toBe(503);
      workers = () => Promise.reject(new Error('no Temporal'));
      const answer = await fetch(`${other.url}/readyz`);
      expect([answer.status, await answer.json()]).toMatchObject([503, { ready: false, temporal: 'no Temporal' }]);
    } finally {
      await other.close();
    }
  });

  it('describes every route', async () => {
    const { json } = await ask('GET', '/openapi.json');
    expect(json.info).toEqual({ title: 'Drover', version: '1.2.3' });
    expect(Object.keys(json.paths)).toEqual(
      expect.arrayContaining([
        '/api/v1/tasks',
        '/api/v1/tasks/{name}',
        '/api/v1/tasks/{name}/log',
        '/api/v1/tasks/{name}/events',
        '/api/v1/tasks/{name}/rollout',
        '/api/v1/files/{sha256}',
        '/readyz',
        '/metrics',
      ]),
    );
    expect(json.paths['/api/v1/tasks']?.post?.responses['4XX']).toBeDefined();
  });

  it('counts requests and tasks for Prometheus', async () => {
    const text = await (await fetch(`${api.url}/metrics`)).text();
    expect(text).toMatch(/drover_tasks\{status="running"\} \d+/);
    expect(text).toMatch(
      /drover_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/tasks",status="200"\} \d+/,
    );
  });

  it('does not answer pages of other sites, nor names that resolve to loopback', async () => {
    const cross = await fetch(`${api.url}/api/v1/tasks`, { headers: { origin: 'http://evil.example' } });
    expect(await answered(cross)).toMatchObject({ status: 403, json: { error: { code: 'forbidden' } } });
    expect(await statusAs('evil.example')).toBe(403);
    expect(await statusAs('localhost:7610')).toBe(200);
  });
});

function statusAs(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(`${api.url}/api/v1/tasks`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject).end();
  });
}
