import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jupiterCloud, refusal } from '../../demo/clouds/jupiter.ts';
import type { JupiterSpec } from '../../model/pool/provider.ts';
import { openProvider } from '../../scale/open.ts';
import { type Machine, type Maker, Refused, Unclear } from '../../scale/provider.ts';
import { calling, giving, rejection } from './asking.ts';

const KEY = 'web-3/create/1';

let jupiter: Awaited<ReturnType<typeof jupiterCloud>>;
let provider: Maker;

beforeEach(async () => {
  jupiter = await jupiterCloud({ clusters: [3, 4], places: places(6) });
  provider = await opened();
});

afterEach(() => jupiter.cloud.close());

function places(count: number) {
  return Array.from({ length: count }, (_, i) => ({ address: `node-0${i + 1}.test` }));
}

async function opened(spec: Partial<JupiterSpec> = { cluster: 3 }, numbers = {}): Promise<Maker> {
  const { endpoint } = jupiter.cloud;
  const made = await openProvider(
    { jupiter: { endpoint, requestsPerSecond: 1000, timeout: 500, ...spec } },
    giving({}, numbers),
  );
  if (made.how !== 'makes') throw new Error('jupiter makes machines');
  return made;
}

function create(count: number, options = {}, call = calling()): Promise<string[]> {
  return provider.create({ count, key: KEY, options }, call);
}

async function list(ids?: readonly string[]): Promise<Machine[]> {
  return provider.list(calling(), ids);
}

describe('an expansion', () => {
  it('asks for machines of the cluster, once, under the key, and gives their ids', async () => {
    const ids = await create(3);
    expect(ids).toEqual(jupiter.machines.all().map(({ id }) => id));
    expect(ids).toHaveLength(3);
    expect(jupiter.cloud.last('create')).toMatchObject({
      path: '/v1/cluster/3/expand/3',
      headers: { 'x-correlation-id': KEY },
    });
  });

  it('takes fewer machines than it asked for, when there are no more', async () => {
    expect(await create(4)).toHaveLength(4);
    expect(await create(4)).toHaveLength(2);
  });

  it('is refused in the words of jupiter, though with status 500, when no machine could be made', async () => {
    await create(6);
    expect(await rejection(create(1))).toEqual(
      new Refused('jupiter: POST /v1/cluster/3/expand/1: code 10999: resource is not enough to apply'),
    );
  });

  it('is refused with status 400, whatever the code', async () => {
    jupiter.cloud.trouble('create', { does: 'refuse', answer: refusal(400, 0, 'Sorry, over credit limit.') });
    expect(await rejection(create(1))).toEqual(
      new Refused('jupiter: POST /v1/cluster/3/expand/1: 400: Sorry, over credit limit.'),
    );
  });

  it.each(['lose-reply', 'fail-after', 'garble'] as const)(
    'whose reply is lost (%s) is not repeated, and its machines are in the list of the cluster',
    async (does) => {
      await create(1);
      const known = (await list()).map(({ id }) => id);
      jupiter.cloud.trouble('create', { does });
      expect(await rejection(create(2))).toBeInstanceOf(Unclear);
      expect(jupiter.cloud.count('create')).toBe(2);
      expect((await list()).map(({ id }) => id).filter((id) => !known.includes(id))).toHaveLength(2);
    },
  );

  it('is Unclear when a 500 does not say that it is a refusal of jupiter', async () => {
    jupiter.cloud.trouble('create', { does: 'refuse', answer: { status: 500, body: { message: 'upstream' } } });
    expect(await rejection(create(1))).toBeInstanceOf(Unclear);
  });

  it('that is not answered in time is Unclear; its machines are looked for longer than a reply is waited for', async () => {
    jupiter.cloud.trouble('create', { does: 'delay', ms: 2000 });
    expect(String(await rejection(create(1)))).toContain('no reply within 0.5 s');
    expect(provider.timing.settle).toBeGreaterThan(300_000);
  });
});

describe('the cluster', () => {
  it("is the pool's OpenDCP vm_type when the provider names none", async () => {
    provider = await opened({}, { vmType: 4 });
    await create(1);
    expect(jupiter.cloud.last('create')?.path).toBe('/v1/cluster/4/expand/1');
  });

  it("goes before the step's vm_type_id, which is said", async () => {
    const call = calling();
    await create(1, { vm_type_id: '1' }, call);
    expect(jupiter.cloud.last('create')?.path).toBe('/v1/cluster/3/expand/1');
    expect(call.said).toEqual(["vm_type_id 1 of the step gives way to the pool's own, 3"]);
  });

  it("is the step's when the pool says none; then machines of a lost reply cannot be found", async () => {
    provider = await opened({});
    expect(provider.listsGroup).toBe(false);
    await create(1, { vm_type_id: '4' });
    expect(jupiter.cloud.last('create')?.path).toBe('/v1/cluster/4/expand/1');
    expect(await list()).toEqual([]);
  });

  it.each([{}, { vm_type_id: '' }, { vm_type_id: 'big' }])('is refused when nobody says it: %j', async (options) => {
    provider = await opened({});
    expect(String(await rejection(create(1, options)))).toContain('jupiter: no cluster is given, expected cluster of');
    expect(jupiter.cloud.count('create')).toBe(0);
  });

  it('lists its own machines only', async () => {
    await create(2);
    provider = await opened({ cluster: 4 });
    await create(1);
    expect(await list()).toMatchObject([
      { id: jupiter.machines.all()[2]?.id, status: 'running', address: 'node-03.test' },
    ]);
  });

  it('cannot be listed by a jupiter that has no such route', async () => {
    await jupiter.cloud.close();
    jupiter = await jupiterCloud({ routes: 'as orion uses it' });
    provider = await opened();
    expect(provider.listsGroup).toBe(false);
    const ids = await create(2);
    expect(await list()).toEqual([]);
    expect((await list(ids)).map(({ status }) => status)).toEqual(['running', 'running']);
  });
});

describe('the machines of some ids', () => {
  it('are asked for in one request, with the address when there is one', async () => {
    jupiter.machines.bootTime = 60_000;
    const ids = await create(2);
    expect(await list(ids)).toEqual(ids.map((id) => ({ id, status: 'pending', detail: 'pending' })));
    jupiter.machines.bootTime = 0;
    const [first] = await list(ids);
    expect(first).toEqual({ id: ids[0], status: 'running', detail: 'success', address: 'node-01.test' });
    expect(jupiter.cloud.count('status')).toBe(2);
    expect(jupiter.cloud.last('status')?.path).toBe(`/v1/instance/status/${ids.join(',')}`);
  });

  it('are asked for in pieces when there are many', async () => {
    const ids = Array.from({ length: 250 }, (_, i) => `i-${i}`);
    expect((await list(ids)).map(({ id }) => id)).toEqual(ids);
    expect(jupiter.cloud.count('status')).toBe(3);
  });

  it('has one that is pending until it has all it needs', async () => {
    jupiter.machines.fates('never-boots');
    const ids = await create(1);
    expect(await list(ids)).toMatchObject([{ status: 'pending', detail: 'initing', address: 'node-01.test' }]);
  });

  it.each([
    [2, 'uninit'],
    [4, 'init timeout'],
    [7, 'error'],
  ])('has one with status %i as failed', async (status, detail) => {
    jupiter.failed = status;
    jupiter.machines.fates('boots-into-error');
    expect(await list(await create(1))).toMatchObject([{ status: 'failed', detail }]);
  });

  it('says what jupiter did with one that failed, once', async () => {
    jupiter.machines.fates('boots-into-error');
    const [id = ''] = await create(1);
    const call = calling();
    await provider.list(call, [id]);
    await provider.list(call, [id]);
    expect(call.said).toEqual([
      `${id}: 1. Begin to insert instances into db`,
      `${id}: 2. Begin start instance in future`,
    ]);
    expect(jupiter.cloud.last('log')?.path).toBe(`/v1/instance/log/${encodeURIComponent(KEY)}/${id}`);
  });

  it('has the log of one that was made by another worker, and does without when there is none', async () => {
    jupiter.machines.fates('boots-into-error', 'boots-into-error');
    const [first = '', second = ''] = await create(2);
    provider = await opened();
    const call = calling();
    await provider.list(call, [first]);
    expect(call.said).toHaveLength(2);
    jupiter.cloud.trouble('log', { does: 'fail-before' });
    expect(await provider.list(call, [second])).toMatchObject([{ status: 'failed' }]);
    expect(call.said).toHaveLength(2);
  });

  it('asks again after what passes', async () => {
    const ids = await create(1);
    jupiter.cloud.trouble('status', { does: 'fail-before' });
    jupiter.cloud.trouble('status', { does: 'garble' });
    jupiter.cloud.trouble('status', { does: 'delay', ms: 2000 });
    expect(await list(ids)).toMatchObject([{ status: 'running' }]);
    expect(jupiter.cloud.count('status')).toBe(4);
  });

  it('is refused for another code than 0', async () => {
    jupiter.cloud.trouble('status', { does: 'refuse', answer: refusal(200, 12995, 'You are not authorized!') });
    expect(await rejection(list(['i-1']))).toEqual(
      new Refused('jupiter: GET /v1/instance/status/i-1: code 12995: You are not authorized!'),
    );
  });
});

describe('giving back', () => {
  it('is one request for all, under an id of its own, and may be repeated', async () => {
    const ids = await create(3);
    await provider.release(ids, {}, calling());
    await provider.release(ids, {}, calling());
    expect(jupiter.cloud.count('release')).toBe(2);
    expect(jupiter.cloud.last('release')).toMatchObject({ path: `/v1/instance/${ids.join(',')}` });
    expect(jupiter.cloud.last('release')?.headers['x-correlation-id']).toMatch(/^drover-/);
    expect(jupiter.machines.present()).toEqual([]);
  });

  it('shows them on their way out, and then as gone, though jupiter says `error` of what it does not find', async () => {
    jupiter.machines.leaveTime = 60_000;
    const ids = await create(2);
    await provider.release(ids, {}, calling());
    expect(await list(ids)).toMatchObject([{ status: 'leaving' }, { status: 'leaving' }]);
    jupiter.machines.leaveTime = 0;
    expect(await list(ids)).toMatchObject([
      { status: 'gone', detail: 'deleted' },
      { status: 'gone', detail: 'deleted' },
    ]);
    expect(await list()).toEqual([]);
  });

  it('does not take one that is in error for gone', async () => {
    jupiter.machines.fates('boots-into-error');
    const ids = await create(2);
    await provider.release(ids.slice(1), {}, calling());
    expect((await list(ids)).map(({ status }) => status)).toEqual(['failed', 'gone']);
  });

  it.each(['lose-reply', 'fail-before', 'drop'] as const)('is repeated after %s', async (does) => {
    const ids = await create(1);
    jupiter.cloud.trouble('release', { does });
    await provider.release(ids, {}, calling());
    expect(jupiter.machines.present()).toEqual([]);
  });
});
