import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TemporalUnreachable } from '../../client/errors.ts';
import { DEFAULT_ROLLOUT } from '../../model/rollout.ts';
import { eventually } from '../support/eventually.ts';
import { asking } from './asking.ts';
import { seedTask, serveApi, TEMPLATE, type Served } from './served.ts';

let api: Served;
const ask = asking(() => api);

const step = (name: string) => ({ name, actions: [{ shell: 'true' }] });
const use = (name: string) => ({ use: name });
const EVERAI = { everai: { endpoint: 'http://127.0.0.1:9', app: 'web', token: 'secret:T' } };
const SPARES = { ssh: { spares: ['192.0.2.51', '192.0.2.52', '192.0.2.53'] } };

const templates = {
  grow: { steps: [use('create_vm'), step('start')] },
  fade: { steps: [step('stop'), use('return_vm')] },
  roll: { params: { tag: { required: true } }, steps: [{ name: 'roll', actions: [{ shell: 'echo {{tag}}' }] }] },
  upside: { steps: [step('start'), use('create_vm')] },
};

const pools = {
  web: {
    ...{ provider: SPARES, templates: { expand: 'grow', shrink: 'fade', deploy: 'roll' }, limits: { min: 1, max: 5 } },
    nodes: ['192.0.2.1', '192.0.2.2', '192.0.2.3'],
  },
  plain: { templates: { expand: 'grow', shrink: 'fade', deploy: 'roll' }, nodes: ['192.0.2.9'] },
  workers: { provider: EVERAI, templates: { expand: 'grow' } },
  bare: { provider: SPARES, templates: { expand: 'upside' }, nodes: ['192.0.2.8'] },
};

beforeAll(async () => {
  api = await serveApi();
  const documents = [
    { kind: 'cluster', name: 'shop' },
    { kind: 'service', name: 'shop-web', cluster: 'shop' },
    ...Object.entries(templates).map(([name, template]) => ({ kind: 'template', name, ...template })),
    ...Object.entries(pools).map(([name, pool]) => ({ kind: 'pool', name, service: 'shop-web', ...pool })),
  ];
  const { status, json } = await ask('POST', '/api/v1/apply', { documents });
  expect(json.error).toBeUndefined();
  expect(status).toBe(200);
});
afterAll(() => api.close());
beforeEach(() => {
  api.temporal.queues.clear();
  api.temporal.submitted.length = 0;
});

describe('a pool', () => {
  const show = async (name: string) => (await ask('GET', `/api/v1/pools/${name}`)).json;

  it('shows where its machines come from, without a secret', async () => {
    expect(await show('workers')).toMatchObject({ provider: EVERAI, count: 0, nodes: [], queue: [], unreleased: [] });
    expect((await show('plain'))['provider']).toBeNull();
    const { items } = (await ask('GET', '/api/v1/pools')).json;
    expect(items.find(({ name }) => name === 'web')).toMatchObject({
      provider: SPARES,
      limits: { min: 1, max: 5 },
      count: 3,
    });
  });

  it('can be sent back as it was read', async () => {
    const { json, etag } = await ask('GET', '/api/v1/pools/web');
    const put = await ask('PUT', '/api/v1/pools/web', json, { 'if-match': etag });
    expect([put.status, put.json.error]).toEqual([200, undefined]);
    expect(put.etag).toBe(etag);
  });

  it('shows who has it and who waits for it', async () => {
    const task = await seedTask(api, 'expand-1', 0);
    await api.store.tasks.update(task.id, { status: 'running' });
    api.temporal.queues.set('web', ['expand-1', 'shrink-2']);
    expect((await show('web'))['queue']).toEqual([
      { name: 'expand-1', status: 'running', reason: '' },
      { name: 'shrink-2', status: 'pending', reason: 'waits for a worker to take it up' },
    ]);
  });

  it('shows them as they were last recorded, while Temporal or its workers do not answer', async () => {
    await seedTask(api, 'deploy-3', 0, 'web');
    const recorded = [{ name: 'deploy-3', status: 'running' }];
    api.temporal.broken = new TemporalUnreachable('Temporal does not answer');
    try {
      expect((await show('web'))['queue']).toMatchObject([
        { ...recorded[0], reason: '(as last recorded: Temporal does not answer)' },
      ]);
    } finally {
      api.temporal.broken = undefined;
    }
    api.temporal.isSilent = true;
    try {
      expect((await show('web'))['queue']).toMatchObject(recorded);
    } finally {
      api.temporal.isSilent = false;
    }
  });

  it('shows machines that cost money and are none of its nodes, and goes back without those that have no address', async () => {
    const id = (await api.store.catalogue.pools.named('workers'))?.id ?? 0;
    const machine = { no: null, try: 1 };
    await api.store.machines.note(id, null, [
      { providerId: 'w-1', state: 'joined', ...machine },
      { providerId: 'w-2', state: 'kept', ...machine },
    ]);
    const actor = { name: 'ann', role: 'operator', via: 'token', from: null } as const;
    await api.store.catalogue.change(actor, (edit) =>
      edit.nodes.add(id, [{ node: { name: 'workers-1', address: '' }, vmId: 'w-1' }]),
    );
    const { json, etag } = await ask('GET', '/api/v1/pools/workers');
    expect(json).toMatchObject({
      nodes: [{ name: 'workers-1', address: '', providerId: 'w-1', drained: false }],
      unreleased: [{ providerId: 'w-2', task: null, reason: '' }],
    });
    const put = await ask('PUT', '/api/v1/pools/workers', { ...json, desc: 'edited' }, { 'if-match': etag });
    expect(put.json).toMatchObject({ desc: 'edited', nodes: [{ name: 'workers-1' }] });
    const remove = await ask('DELETE', '/api/v1/pools/workers', undefined, { 'if-match': '*' });
    expect([remove.status, remove.json.error.code]).toEqual([409, 'in_use']);
    const other = { ...put.json, provider: { everai: { ...EVERAI.everai, app: 'other' } } };
    const refused = await ask('PUT', '/api/v1/pools/workers', other, { 'if-match': '*' });
    expect([refused.status, refused.json.error.code, refused.json.error.path]).toEqual([409, 'in_use', 'provider']);
    expect(refused.json.error.message).toContain('would have another app, and machines w-1, w-2 of it');
  });

  it('is refused with a secret in plain text, or when it depends on itself', async () => {
    const everai = { ...EVERAI.everai, token: 'abc' };
    const secret = await ask('POST', '/api/v1/pools', { name: 'x', service: 'shop-web', provider: { everai } });
    expect([secret.status, secret.json.error.path]).toEqual([400, 'provider.everai.token']);
    expect(secret.json.error.message).not.toContain('abc');
    const dependsOn = [{ pool: 'x', ratio: 1, before: 'start' }];
    const cycle = await ask('POST', '/api/v1/pools', { name: 'x', service: 'shop-web', dependsOn });
    expect([cycle.status, cycle.json.error.path]).toEqual([400, 'dependsOn[0].pool']);
    expect(cycle.json.error.message).toContain('x → x');
  });
});

describe('what is done with a pool', () => {
  const act = (pool: string, verb: string, body: object, headers = {}) =>
    ask('POST', `/api/v1/pools/${pool}/${verb}`, body, headers);

  it('is a task over it', async () => {
    const asked = [
      ['expand', { count: 2 }, { expand: { by: 2 } }],
      ['expand', { to: 4 }, { expand: { to: 4 } }],
      ['shrink', { count: 1, choose: 'oldest' }, { shrink: { by: 1, choose: 'oldest' } }],
      ['shrink', { to: 2 }, { shrink: { to: 2 } }],
      ['shrink', { nodes: ['192.0.2.2'] }, { shrink: { nodes: ['192.0.2.2'] } }],
      ['deploy', { params: { tag: '2' } }, { deploy: {} }],
      ['deploy', { params: { tag: '2' }, nodes: ['192.0.2.1'] }, { deploy: { nodes: ['192.0.2.1'] } }],
    ] as const;
    const answers = await Promise.all(
      asked.map(async ([verb, body, wanted]) => ({
        verb,
        wanted,
        ...(await act('web', verb, { ...body, rollout: { batch: 2 } })),
      })),
    );
    for (const { verb, wanted, status, json, headers } of answers) {
      expect([status, json.error]).toEqual([201, undefined]);
      const name = json['name'] as string;
      expect(headers.get('location')).toBe(`/api/v1/tasks/${name}`);
      expect(name).toMatch(new RegExp(`^${verb}-web-`));
      const submission = api.temporal.submitted.find((one) => one.name === name);
      expect(submission).toMatchObject({ pool: 'web', do: wanted, rollout: { batch: 2 }, startedBy: 'http' });
    }
  });

  it('is refused as busy when it is not to wait, before it begins or when another was faster', async () => {
    api.temporal.queues.set('web', ['expand-1']);
    const busy = await act('web', 'expand', { count: 1, now: true });
    expect([busy.status, busy.json.error]).toEqual([
      409,
      { code: 'busy', message: 'pool web is busy: expand-1 has it' },
    ]);
    expect(api.temporal.submitted).toEqual([]);
    api.temporal.queues.clear();

    const late = act('web', 'deploy', { params: { tag: '2' }, now: true, name: 'late' });
    await eventually(() => expect(api.temporal.submitted).toMatchObject([{ name: 'late', now: true }]));
    const { task } = await api.store.tasks.create({
      ...{ name: 'late', kind: 'deploy', pool: 'web', template: TEMPLATE, params: {}, rollout: DEFAULT_ROLLOUT },
      ...{ digest: 'late', startedBy: 'test', nodesTotal: 0, workflowId: 'late', runId: 'run-1' },
    });
    await api.store.tasks.update(task.id, { status: 'stopped', reason: 'pool web is busy: shrink-2 has it' });
    const { status, json } = await late;
    expect([status, json.error]).toEqual([409, { code: 'busy', message: 'pool web is busy: shrink-2 has it' }]);
    const { items } = (await ask('GET', '/api/v1/audit?limit=5')).json;
    expect(items).toContainEqual(
      expect.objectContaining({ name: 'late', after: expect.objectContaining({ do: { deploy: {} } }) as object }),
    );
  });

  it('is done once with a key', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await act('web', 'expand', { count: 1 }, headers);
    const again = await act('web', 'expand', { count: 1 }, headers);
    expect([first.status, again.status, again.json['name']]).toEqual([201, 201, first.json['name']]);
    expect(api.temporal.submitted).toHaveLength(1);
    expect((await act('web', 'expand', { count: 2 }, headers)).status).toBe(422);
  });

  it.each([
    ['nope', 'expand', { count: 1 }, 404, undefined, 'there is no pool named nope'],
    ['web', 'expand', { count: 0 }, 400, 'count', 'is 0, expected how many, 1 to 1000'],
    ['web', 'expand', { count: -1 }, 400, 'count', 'is -1'],
    ['web', 'expand', { count: 1.5 }, 400, 'count', 'is 1.5'],
    ['web', 'expand', { count: 1001 }, 400, 'count', 'is 1001, expected how many, 1 to 1000'],
    ['web', 'expand', { count: '2' }, 400, 'count', 'is "2"'],
    ['web', 'expand', {}, 400, '', 'expected exactly one of count, to'],
    ['web', 'expand', { count: 1, to: 4 }, 400, '', 'has count and to, expected exactly one of count, to'],
    ['web', 'expand', { count: 1, by: 1 }, 400, 'by', 'unknown key'],
    [
      'web',
      'expand',
      { count: 3 },
      400,
      '',
      'pool web would have 6 nodes, expected at most 5, its limits.max; it has 3',
    ],
    ['web', 'shrink', { count: 4 }, 400, 'count', 'pool web has 3 nodes'],
    ['web', 'shrink', { count: 3 }, 400, '', 'pool web would have 0 nodes, expected at least 1'],
    ['web', 'shrink', { nodes: ['192.0.2.9'] }, 400, 'nodes[0]', '192.0.2.9 is no node of pool web, but of plain'],
    ['web', 'shrink', { nodes: ['nobody'] }, 400, 'nodes[0]', 'nobody is no node of pool web, expected'],
    ['web', 'shrink', { nodes: [] }, 400, 'nodes', 'is empty'],
    ['web', 'shrink', { nodes: ['192.0.2.1'], choose: 'oldest' }, 400, 'choose', 'stands beside nodes'],
    ['web', 'deploy', {}, 400, undefined, '{{tag}} has no value'],
    [
      'web',
      'deploy',
      { params: { tag: '1' }, nodes: ['192.0.2.9'] },
      400,
      'nodes',
      'pool web has no node named 192.0.2.9',
    ],
    ['web', 'release', { machines: ['i-1'] }, 400, 'machines', 'pool web has no machine i-1 that is to be given back'],
    ['plain', 'expand', { count: 1 }, 400, 'pool', 'pool plain has no provider'],
    ['plain', 'shrink', { count: 1 }, 400, 'pool', 'pool plain has no provider'],
    ['plain', 'release', {}, 400, 'pool', 'pool plain has no provider'],
    ['bare', 'shrink', { count: 1 }, 400, 'pool', 'pool bare names no template to shrink by'],
    ['bare', 'expand', { count: 1 }, 400, undefined, 'create_vm'],
    ['workers', 'expand', { count: 1 }, 400, undefined, 'start'],
  ])('%s: %s %j is refused, and nothing begins', async (pool, verb, body, status, path, message) => {
    const refused = await act(pool, verb, body);
    expect([refused.status, refused.json.error.message]).toEqual([status, expect.stringContaining(message)]);
    if (path !== undefined && path !== '') expect(refused.json.error.path).toBe(path);
    expect(api.temporal.submitted).toEqual([]);
  });
});
