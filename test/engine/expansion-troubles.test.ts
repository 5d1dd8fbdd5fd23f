import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskHandle } from '../../client/index.ts';
import type { Answer, Trouble } from '../../demo/clouds/cloud.ts';
import { refusal as httpRefusal } from '../../demo/clouds/http-cloud.ts';
import { refusal as jupiterRefusal } from '../../demo/clouds/jupiter.ts';
import { suanliRefusal } from '../../demo/clouds/suanli.ts';
import { refusal as topRefusal } from '../../demo/clouds/top.ts';
import { refusal as croupierRefusal } from '../../demo/clouds/croupier.ts';
import type { Fate } from '../../demo/clouds/machines.ts';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { expectAgreement, places, poolFrom, type Growing } from '../support/growing.ts';
import { applyAll, poolOf, SERVICE } from '../support/pools.ts';
import { sweepOnce } from '../support/sweep.ts';
import {
  closeVendors,
  croupierVendor,
  everaiVendor,
  httpVendor,
  jupiterVendor,
  SECRETS,
  suanliVendor,
  topVendor,
  type MakingVendor,
  type Vendor,
} from '../support/vendors.ts';

let engine: Engine;
beforeAll(async () => {
  Object.assign(process.env, SECRETS);
  engine = await Engine.start();
  await applyAll(engine.store, SERVICE);
});
afterAll(async () => {
  await engine.close();
  await closeVendors();
});

interface Grown {
  pool: string;
  task: TaskHandle;
  /** Reasons of the nodes that are not ok. */
  reasons: string[];
  ok: number;
}

/** An expansion by 4 in batches of 2, to its end. */
async function grow(vendor: Pick<Vendor, 'provider'>, growing: Growing = {}): Promise<Grown> {
  const pool = await poolFrom(engine, vendor, growing);
  const task = await engine.drover.expand({ pool, count: 4, name: newTaskName('grow'), rollout: { batch: 2 } });
  return { pool, task, ...(await endOf(task)) };
}

async function endOf(task: TaskHandle): Promise<Pick<Grown, 'reasons' | 'ok'>> {
  await task.result().catch(() => undefined);
  const nodes = await engine.ledger(task);
  const { status } = (await engine.store.tasks.get(task.name)) ?? {};
  const isOk = nodes.every((node) => node.status === 'ok');
  expect(status).toBe(isOk ? 'ok' : 'failed');
  return {
    reasons: nodes.filter((node) => node.status !== 'ok').map(({ reason }) => reason),
    ok: nodes.filter((node) => node.status === 'ok').length,
  };
}

async function unreleased(pool: string) {
  return await engine.store.machines.unreleased((await poolOf(engine.store, pool)).id);
}

interface Making {
  name: string;
  open: (spec?: object) => Promise<MakingVendor>;
  no: Answer;
  /** What a machine in error is said to be. */
  error: string;
}

const MAKERS: Making[] = [
  {
    ...{ name: 'http', open: (spec) => httpVendor({}, spec), error: 'is ERROR' },
    no: httpRefusal(403, 'quota_exceeded', 'no such luck'),
  },
  {
    ...{ name: 'everai', open: (spec) => everaiVendor({}, spec), error: 'is STATUS_ERROR' },
    no: { status: 400, body: { code: 9, message: 'no such luck', details: [] } },
  },
  {
    ...{ name: 'jupiter', open: (spec) => jupiterVendor({ places: places(8) }, spec), error: 'is error' },
    no: jupiterRefusal(500, 10999, 'no such luck'),
  },
];

describe.concurrent.each(MAKERS)('the first request for machines, with $name', ({ open, no }) => {
  async function growWith(trouble: Trouble, spec?: object): Promise<Grown & { vendor: MakingVendor }> {
    const vendor = await open(spec);
    vendor.cloud.trouble('create', trouble);
    const grown = await grow(vendor);
    await expectAgreement(engine, grown.pool, vendor);
    return { ...grown, vendor };
  }

  it('is refused: its nodes fail in the words of the vendor, and the others are made', async () => {
    const { ok, reasons, vendor } = await growWith({ does: 'refuse', answer: no });
    expect([ok, vendor.ever()]).toEqual([2, 2]);
    for (const reason of reasons) expect(reason).toContain('no such luck');
  });

  it('fails: nothing is made for its nodes', async () => {
    const { ok, reasons, vendor } = await growWith({ does: 'fail-before' });
    expect([ok, vendor.ever()]).toEqual([2, 2]);
    for (const reason of reasons) expect(reason).toContain('no machine of it was found within 1 s');
  });

  it.each<Trouble>([{ does: 'fail-after' }, { does: 'lose-reply' }, { does: 'garble' }])(
    'has no good answer, and its machines are found again ($does)',
    async (trouble) => {
      const { ok, vendor } = await growWith(trouble);
      expect([ok, vendor.ever()]).toEqual([4, 4]);
    },
  );
});

describe.concurrent('a request for machines', () => {
  it.each<Trouble>([
    { does: 'throttle', after: 1 },
    { does: 'delay', ms: 2500 },
  ])('that is not answered in time makes them once ($does)', async (trouble) => {
    const vendor = await httpVendor({}, { timeout: '800ms' });
    vendor.cloud.trouble('create', trouble);
    const { pool, ok } = await grow(vendor);
    expect([ok, vendor.ever()]).toEqual([4, 4]);
    await expectAgreement(engine, pool, vendor);
  });

  it('whose reply was lost takes no machines of somebody else: all that are new are listed', async () => {
    const vendor = await httpVendor();
    const make = vendor.machines.make.bind(vendor.machines);
    vendor.machines.make = (count) => [...make(count), ...make(1)].slice(0, count);
    vendor.cloud.trouble('create', { does: 'lose-reply' });
    const pool = await poolFrom(engine, vendor);
    const task = await engine.drover.expand({ pool, count: 2, name: newTaskName('grow') });
    expect(await endOf(task)).toMatchObject({ ok: 0 });
    expect(await unreleased(pool)).toEqual(
      ['m-1', 'm-2', 'm-3'].map((providerId) => ({
        ...{ providerId, task: task.name },
        reason: 'the reply to a request for 2 was lost, and 3 machines are new: see which are yours',
      })),
    );
    await expectAgreement(engine, pool, vendor);
  });

  it('that the vendor carries out when nobody waits any more: the machines are found, and given back', async () => {
    const vendor = await httpVendor();
    vendor.cloud.trouble('create', { does: 'drop' });
    const { pool, ok } = await grow(vendor);
    expect(ok).toBe(2);
    vendor.machines.make(2);
    await eventually(async () => {
      await sweepOnce(engine);
      expect(vendor.bill()).toHaveLength(2);
    });
    await expectAgreement(engine, pool, vendor);
  });

  it('of one pool leaves those of another alone that has the same vendor', async () => {
    const vendor = await httpVendor();
    vendor.cloud.trouble('create', { does: 'lose-reply' }, 2);
    const all = await Promise.all([grow(vendor), grow(vendor)]);
    const nodes = await Promise.all(all.map(async ({ pool }) => (await poolOf(engine.store, pool)).nodes));
    const ids = nodes.flat().map(({ vmId }) => vmId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(all.reduce((sum, { ok }) => sum + ok, 0));
  });

  it('is made one at a time by batches that run side by side', async () => {
    const vendor = await httpVendor();
    vendor.cloud.trouble('create', { does: 'lose-reply' }, 2);
    const pool = await poolFrom(engine, vendor);
    const rollout = { batch: 6, lanes: 3 };
    const task = await engine.drover.expand({ pool, count: 6, name: newTaskName('grow'), rollout });
    expect(await endOf(task)).toMatchObject({ ok: 6 });
    expect(vendor.ever()).toBe(6);
    await expectAgreement(engine, pool, vendor);
  });
});

describe.concurrent('a request with a key', () => {
  it.each<Trouble>([{ does: 'fail-before' }, { does: 'lose-reply' }, { does: 'garble' }])(
    'is made again, and no machine twice ($does)',
    async (trouble) => {
      const vendor = await httpVendor({ keyed: 'by client token' });
      vendor.cloud.trouble('create', trouble, 2);
      const { pool, ok } = await grow(vendor);
      expect([ok, vendor.ever()]).toEqual([4, 4]);
      await expectAgreement(engine, pool, vendor);
    },
  );
});

describe.concurrent('a request for each machine', () => {
  const each = { path: '/v1/machines', ids: 'machines[*].id' };

  it.each<{ does: string; made: number; trouble: Trouble }>([
    { does: 'refuse', made: 3, trouble: { does: 'refuse', answer: httpRefusal(403, 'quota', 'no such luck') } },
    { does: 'fail-before', made: 3, trouble: { does: 'fail-before' } },
    { does: 'lose-reply', made: 4, trouble: { does: 'lose-reply' } },
  ])('of which the second has trouble ($does)', async ({ trouble, made }) => {
    const vendor = await httpVendor({}, { create: each });
    vendor.cloud.trouble('create', { does: 'delay', ms: 0 });
    vendor.cloud.trouble('create', trouble);
    const { pool, ok } = await grow(vendor);
    expect([ok, vendor.ever()]).toEqual([made, made]);
    await expectAgreement(engine, pool, vendor);
  });

  it('with a key, whose vendor is away from the second one on, leaves no machine behind', async () => {
    const create = { ...each, body: { client_token: '{{key}}' }, keyed: true };
    const vendor = await httpVendor({ keyed: 'by client token' }, { create, within: '2s' });
    vendor.cloud.trouble('create', { does: 'delay', ms: 0 });
    vendor.cloud.trouble('create', { does: 'throttle' }, 1000);
    const { pool, ok } = await grow(vendor);
    expect([ok, vendor.ever()]).toEqual([0, 1]);
    await eventually(async () => {
      await sweepOnce(engine);
      expect(vendor.bill()).toEqual([]);
    });
    await expectAgreement(engine, pool, vendor);
  });
});

describe.concurrent.each(MAKERS)('a machine that comes to nothing, with $name', ({ open, error }) => {
  const FATES: [Fate, string][] = [
    ['never-boots', 'after 1.5 s'],
    ['boots-into-error', error],
  ];

  it.each(FATES)('%s: it is given back', async (fate, reason) => {
    const vendor = await open();
    vendor.machines.fates(fate);
    const { pool, ok, reasons } = await grow(vendor, { create: { within: '1500ms' } });
    expect(ok).toBe(3);
    expect(reasons).toEqual([expect.stringContaining(reason)]);
    expect(vendor.bill()).toHaveLength(3);
    await expectAgreement(engine, pool, vendor);
    expect(await unreleased(pool)).toEqual([]);
  });

  it.each(FATES)('%s: it is kept and listed, if the pool says so, until it is released', async (fate, reason) => {
    const vendor = await open();
    vendor.machines.fates(fate);
    const { pool, task, ok } = await grow(vendor, { create: { within: '1500ms' }, others: { onFailure: 'keep' } });
    expect(ok).toBe(3);
    expect(vendor.bill()).toHaveLength(4);
    await expectAgreement(engine, pool, vendor);
    const [first] = vendor.machines.all();
    expect(await unreleased(pool)).toEqual([
      { providerId: first?.id, task: task.name, reason: expect.stringContaining(reason) as string },
    ]);
    await (await engine.drover.release({ pool })).result();
    expect(vendor.bill()).toHaveLength(3);
    await expectAgreement(engine, pool, vendor);
  });
});

describe.concurrent('the list of machines', () => {
  it.each<Trouble>([
    { does: 'fail-before' },
    { does: 'drop' },
    { does: 'garble' },
    { does: 'throttle', after: 1 },
    { does: 'delay', ms: 2500 },
  ])('that is not told now is asked for again ($does)', async (trouble) => {
    const vendor = await httpVendor({ bootTime: 100 }, { timeout: '800ms' });
    vendor.cloud.trouble('list', trouble, 2);
    const { pool, ok } = await grow(vendor);
    expect([ok, vendor.ever()]).toEqual([4, 4]);
    await expectAgreement(engine, pool, vendor);
  });
});

describe.concurrent('giving a machine back', () => {
  it.each<Trouble>([{ does: 'fail-before' }, { does: 'lose-reply' }, { does: 'throttle' }])(
    'is asked for again ($does)',
    async (trouble) => {
      const vendor = await httpVendor();
      vendor.machines.fates('boots-into-error');
      vendor.cloud.trouble('release', trouble, 2);
      const { pool } = await grow(vendor);
      expect(vendor.bill()).toHaveLength(3);
      await expectAgreement(engine, pool, vendor);
    },
  );

  it('that is refused is told, and done later', async () => {
    const vendor = await httpVendor();
    vendor.machines.fates('boots-into-error');
    vendor.cloud.trouble('release', { does: 'refuse', answer: httpRefusal(403, 'locked', 'not now') }, 1000);
    const { pool, task } = await grow(vendor);
    expect(await unreleased(pool)).toEqual([
      { providerId: 'm-1', task: task.name, reason: expect.stringContaining('not now') as string },
    ]);
    await expectAgreement(engine, pool, vendor);
    vendor.cloud.calm();
    await eventually(async () => {
      await sweepOnce(engine);
      expect(await unreleased(pool)).toEqual([]);
    });
    expect(vendor.bill()).toHaveLength(3);
    await expectAgreement(engine, pool, vendor);
  });

  it('that is refused in a shrink leaves the node in the pool, with its machine', async () => {
    const vendor = await httpVendor();
    const { pool } = await grow(vendor);
    vendor.cloud.trouble('release', { does: 'refuse', answer: httpRefusal(403, 'locked', 'not now') });
    const shrink = await engine.drover.shrink({ pool, count: 1, name: newTaskName('shrink') });
    expect(await endOf(shrink)).toMatchObject({ ok: 0, reasons: [expect.stringContaining('not now')] });
    await sweepOnce(engine);
    expect((await poolOf(engine.store, pool)).nodes).toHaveLength(4);
    expect(vendor.bill()).toHaveLength(4);
    await expectAgreement(engine, pool, vendor);
    await shrink.retry();
    expect(await endOf(shrink)).toMatchObject({ ok: 1 });
    expect(vendor.bill()).toHaveLength(3);
    await expectAgreement(engine, pool, vendor);
  });
});

describe.concurrent('a shrink that is terminated while its machines go', () => {
  it('takes their nodes out of the pool when they are gone', async () => {
    const vendor = await httpVendor({ leaveTime: 1500 });
    const { pool } = await grow(vendor);
    const shrink = await engine.drover.shrink({ pool, count: 2, name: newTaskName('shrink') });
    await eventually(() => expect(vendor.cloud.count('release')).toBe(2));
    await engine.drover.client.workflow.getHandle(shrink.name).terminate();
    await eventually(async () => {
      await sweepOnce(engine);
      expect((await poolOf(engine.store, pool)).nodes).toHaveLength(2);
      expect(vendor.bill()).toHaveLength(2);
      await expectAgreement(engine, pool, vendor);
    });
  });
});

describe.concurrent('machines that are taken', () => {
  it('of top: those that could not be started are left standing', async () => {
    const vendor = await topVendor(8, { within: '1500ms' });
    Object.assign(vendor.fates, { 610_001: ['publish-failed'], 610_003: ['fails'] });
    const { pool, ok, reasons } = await grow(vendor);
    expect(ok).toBe(2);
    expect(reasons.sort()).toEqual([
      expect.stringContaining('could not be published'),
      expect.stringContaining('ended with result 500'),
    ]);
    expect(vendor.bill()).toHaveLength(2);
    await expectAgreement(engine, pool, vendor);
  });

  it('of top: a refused start, or a lost reply to one', async () => {
    const vendor = await topVendor(8);
    vendor.cloud.trouble('start', { does: 'lose-reply' });
    vendor.cloud.trouble('start', { does: 'refuse', answer: topRefusal('500', 'no such luck') });
    const { pool, ok, reasons } = await grow(vendor);
    expect(ok).toBe(3);
    expect(reasons).toEqual([expect.stringContaining('no such luck')]);
    expect(vendor.bill()).toHaveLength(3);
    expect(vendor.commands.filter(({ name }) => name === 'node_start')).toHaveLength(3);
    await expectAgreement(engine, pool, vendor);
  });

  it('of croupier: one that is refused, and one whose reply was lost', async () => {
    const vendor = await croupierVendor(places(8).map(({ address }) => address));
    vendor.cloud.trouble('undrain', { does: 'refuse', answer: croupierRefusal(404, 'not_found', 'no such luck') });
    vendor.cloud.trouble('undrain', { does: 'lose-reply' });
    const { pool, ok, reasons } = await grow(vendor);
    expect(ok).toBe(3);
    expect(reasons).toEqual([expect.stringContaining('no such luck')]);
    expect(vendor.bill()).toHaveLength(3);
    await expectAgreement(engine, pool, vendor);
  });

  it('by two pools at once, in batches that run side by side, are taken by one of them each', async () => {
    const vendor = await croupierVendor(places(8).map(({ address }) => address));
    const pools = [await poolFrom(engine, vendor), await poolFrom(engine, vendor)];
    const rollout = { batch: 4, lanes: 4 };
    const tasks = await Promise.all(
      pools.map((pool) => engine.drover.expand({ pool, count: 4, name: newTaskName('grow'), rollout })),
    );
    for (const task of tasks) expect(await endOf(task)).toMatchObject({ ok: 4 });
    const nodes = (await Promise.all(pools.map((pool) => poolOf(engine.store, pool)))).flatMap((pool) => pool.nodes);
    expect(nodes.map(({ vmId }) => vmId).sort()).toEqual(vendor.bill().sort());
    expect(vendor.bill()).toHaveLength(8);
  });

  it('of which there are too few: the others are taken', async () => {
    const spares = engine.nodes(3);
    const { pool, ok, reasons } = await grow({ provider: { ssh: { spares } } });
    expect(ok).toBe(3);
    expect(reasons).toEqual([expect.stringContaining('1 of the 2 spare machines')]);
    expect((await poolOf(engine.store, pool)).nodes.map(({ vmId }) => vmId)).toEqual(['n01', 'n02', 'n03']);
  });
});

describe.concurrent('a number', () => {
  it('that is refused stays as it was, and the nodes fail', async () => {
    const vendor = await suanliVendor();
    vendor.cloud.trouble('resize', { does: 'refuse', answer: suanliRefusal('2009', '余额不足') });
    const { pool, ok, reasons } = await grow(vendor);
    expect(ok).toBe(2);
    for (const reason of reasons) expect(reason).toContain('余额不足');
    expect(vendor.points()).toBe(3);
    expect((await poolOf(engine.store, pool)).nodes).toHaveLength(3);
  });

  it('that batches set side by side is that of all of them in the end', async () => {
    const vendor = await suanliVendor();
    vendor.cloud.trouble('resize', { does: 'fail-before' });
    const pool = await poolFrom(engine, vendor);
    const rollout = { batch: 4, lanes: 2 };
    const task = await engine.drover.expand({ pool, count: 4, name: newTaskName('grow'), rollout });
    expect(await endOf(task)).toMatchObject({ ok: 4 });
    expect(vendor.points()).toBe(5);
    const shrink = await engine.drover.shrink({ pool, count: 4, name: newTaskName('shrink'), rollout });
    expect(await endOf(shrink)).toMatchObject({ ok: 4 });
    expect(vendor.points()).toBe(1);
    expect(await engine.store.machines.live((await poolOf(engine.store, pool)).id)).toHaveLength(1);
  });

  it.each<Trouble>([{ does: 'fail-before' }, { does: 'lose-reply' }, { does: 'garble' }, { does: 'delay', ms: 2500 }])(
    'is set again when nobody knows ($does)',
    async (trouble) => {
      const vendor = await suanliVendor({ timeout: '800ms' });
      vendor.cloud.trouble('resize', trouble, 2);
      expect((await grow(vendor)).ok).toBe(4);
      expect(vendor.points()).toBe(5);
    },
  );
});

describe.concurrent('an expansion that failed, and is retried', () => {
  const boot = { create: { within: '1500ms' } };

  it('makes new machines for those that were given back', async () => {
    const vendor = await httpVendor();
    vendor.machines.fates('boots-into-error', 'never-boots');
    const { pool, task } = await grow(vendor, boot);
    expect(vendor.bill()).toHaveLength(2);
    await task.retry();
    expect(await endOf(task)).toMatchObject({ ok: 4 });
    expect(vendor.ever()).toBe(6);
    await expectAgreement(engine, pool, vendor);
    const { nodes } = await poolOf(engine.store, pool);
    expect(nodes.map(({ name }) => name).sort()).toEqual([1, 2, 3, 4].map((n) => `${pool}-${n}`));
  });

  it('goes on with machines that were kept, from the step where they failed', async () => {
    const vendor = await httpVendor({ places: places(4) });
    const flag = newTaskName('flag');
    const step = (name: string, then: string) => ({
      name,
      actions: [{ shell: `echo ${name} >>${engine.folder}/${flag}-{{node.name}}; ${then}` }],
    });
    const isThere = `case {{node.name}} in *-1) test -e ${engine.folder}/${flag};; esac`;
    const { pool, task, ok } = await grow(vendor, {
      then: [step('first', 'true'), step('second', isThere)],
      others: { onFailure: 'keep' },
    });
    expect(ok).toBe(3);
    expect(await unreleased(pool)).toMatchObject([{ task: task.name }]);
    await engine.touch(flag);
    await task.retry();
    expect(await endOf(task)).toMatchObject({ ok: 4 });
    expect(vendor.ever()).toBe(4);
    expect(await engine.lines(`${flag}-${pool}-1`)).toEqual(['first', 'second', 'second']);
    expect(await unreleased(pool)).toEqual([]);
    await expectAgreement(engine, pool, vendor);
  });

  it('lists what was kept of each try, and makes a node of one machine', async () => {
    const vendor = await httpVendor();
    vendor.machines.fates('never-boots');
    const { pool, task } = await grow(vendor, { ...boot, others: { onFailure: 'keep' } });
    vendor.machines.fates('boots-into-error');
    await task.retry();
    expect(await endOf(task)).toMatchObject({ ok: 3 });
    expect((await unreleased(pool)).map(({ providerId }) => providerId)).toEqual(['m-1', 'm-5']);
    await task.retry();
    expect(await endOf(task)).toMatchObject({ ok: 4 });
    expect((await unreleased(pool)).map(({ providerId }) => providerId)).toEqual(['m-1', 'm-5']);
    expect((await poolOf(engine.store, pool)).nodes.map(({ vmId }) => vmId).sort()).toEqual([
      'm-2',
      'm-3',
      'm-4',
      'm-6',
    ]);
    await (await engine.drover.release({ pool, machines: ['m-1'] })).result();
    await expectAgreement(engine, pool, vendor);
    expect((await unreleased(pool)).map(({ providerId }) => providerId)).toEqual(['m-5']);
  });

  it('at the very moment when what it made is given back, begins anew on new machines', async () => {
    const vendor = await httpVendor({ places: places(4), leaveTime: 1000 });
    const flag = newTaskName('flag');
    const step = (name: string, then: string) => ({
      name,
      actions: [{ shell: `echo ${name} >>${engine.folder}/${flag}-{{node.name}}; ${then}` }],
    });
    const pool = await poolFrom(engine, vendor, {
      then: [step('first', 'true'), step('second', `test -e ${engine.folder}/${flag}`)],
    });
    const task = await engine.drover.expand({ pool, count: 1, name: newTaskName('grow') });
    await eventually(() => expect(vendor.cloud.count('release')).toBe(1));
    await engine.touch(flag);
    await task.retry();
    expect(await endOf(task)).toMatchObject({ ok: 1 });
    expect(vendor.ever()).toBe(2);
    expect(await engine.lines(`${flag}-${pool}-1`)).toEqual(['first', 'second', 'first', 'second']);
    await expectAgreement(engine, pool, vendor);
  });

  it('does so by itself where the step has tries left, and gives back what was made before', async () => {
    const vendor = await httpVendor();
    vendor.machines.fates('boots-into-error', 'boots', 'boots-into-error');
    const pool = await poolFrom(engine, vendor);
    const steps = [{ name: 'create', actions: [{ create_vm: {} }], retry: { times: 2, delay: '0s' } }];
    const task = await engine.drover.run({
      ...{ pool, do: { expand: { by: 2 } }, template: { name: 'again', steps }, name: newTaskName('grow') },
    });
    expect(await endOf(task)).toMatchObject({ ok: 2 });
    expect(vendor.ever()).toBe(4);
    expect((await poolOf(engine.store, pool)).nodes.map(({ vmId }) => vmId).sort()).toEqual(['m-2', 'm-4']);
    expect(vendor.bill().sort()).toEqual(['m-2', 'm-4']);
    await expectAgreement(engine, pool, vendor);
  });
});
