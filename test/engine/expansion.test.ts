import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine, newTaskName } from '../support/engine.ts';
import { expectAgreement, places, poolFrom, type Growing } from '../support/growing.ts';
import { applyAll, poolOf, SERVICE } from '../support/pools.ts';
import {
  closeVendors,
  croupierVendor,
  everaiVendor,
  httpVendor,
  jupiterVendor,
  SECRETS,
  suanliVendor,
  topVendor,
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

async function grown(vendor: Pick<Vendor, 'provider'>, count: number, batch: number, growing: Growing = {}) {
  const pool = await poolFrom(engine, vendor, growing);
  const name = newTaskName('grow');
  const task = await engine.drover.expand({ pool, count, name, rollout: { batch } });
  const result = await task.result();
  return { pool, name, result };
}

const addresses = (count: number) => places(count).map(({ address }) => address);

/** A machine that takes a moment to come to life is polled for more than once. */
const BOOT = { bootTime: 150 };

describe.concurrent('a pool grows by 10 nodes in batches of 4, and shrinks to 2', () => {
  /** Ends well, and everybody agrees on what there is. */
  async function growsAndShrinks(vendor: Vendor, growing: Growing = {}): Promise<string> {
    const { pool, result } = await grown(vendor, 10, 4, growing);
    expect(result).toMatchObject({ counts: { total: 10, ok: 10 }, batches: 3 });
    expect(vendor.ever()).toBe(10);
    await expectAgreement(engine, pool, vendor);
    const { nodes } = await poolOf(engine.store, pool);
    expect(nodes.map(({ name, status }) => [name, status])).toEqual(
      Array.from({ length: 10 }, (_, i) => [`${pool}-${i + 1}`, 2]),
    );
    const shrunk = await engine.drover.shrink({ pool, to: 2, name: newTaskName('shrink'), rollout: { batch: 4 } });
    expect(await shrunk.result()).toMatchObject({ counts: { total: 8, ok: 8 } });
    expect(vendor.bill()).toHaveLength(2);
    await expectAgreement(engine, pool, vendor);
    return pool;
  }

  /** Each node was bootstrapped, once. */
  async function expectInstalled(file: string, pool: string): Promise<void> {
    const lines = await engine.lines(file);
    expect(lines.sort()).toEqual(Array.from({ length: 10 }, (_, i) => `${pool}-${i + 1}`).sort());
  }

  const bootstrap = (file: string) => ({
    name: 'install',
    actions: [{ shell: `echo {{node.name}} >>${engine.folder}/${file}` }],
  });

  it('with http: machines, bootstrapped over SSH', async () => {
    const vendor = await httpVendor({ places: places(10), ...BOOT });
    const pool = await growsAndShrinks(vendor, { then: [bootstrap('http'), { use: 'register' }] });
    await expectInstalled('http', pool);
  });

  it('with http, in a list of pages, and with machines that take a while to go', async () => {
    const vendor = await httpVendor({ places: places(10), pageSize: 3, leaveTime: 200, keyed: 'by client token' });
    const pool = await growsAndShrinks(vendor, { then: [bootstrap('paged')] });
    await expectInstalled('paged', pool);
  });

  it('with jupiter: machines, bootstrapped over SSH and registered', async () => {
    const vendor = await jupiterVendor({ places: places(10), ...BOOT });
    const pool = await growsAndShrinks(vendor, {
      then: [bootstrap('jupiter'), { use: 'register' }],
      before: [{ use: 'unregister' }],
    });
    await expectInstalled('jupiter', pool);
    const { nodes } = await poolOf(engine.store, pool);
    expect(vendor.members().sort()).toEqual(nodes.map(({ address }) => address).sort());
  });

  it('with croupier: machines with an address in their meta', async () => {
    const vendor = await croupierVendor(addresses(12));
    const pool = await growsAndShrinks(vendor, { then: [bootstrap('croupier')] });
    await expectInstalled('croupier', pool);
  });

  it('with top: workers that are started and stopped', async () => {
    const vendor = await topVendor(12);
    await growsAndShrinks(vendor, { then: [{ use: 'await_vm' }] });
  });

  it('with everai: workers', async () => {
    const vendor = await everaiVendor(BOOT);
    await growsAndShrinks(vendor, { then: [{ use: 'await_vm' }] });
  });

  it('with http without addresses: workers', async () => {
    const vendor = await httpVendor(BOOT);
    await growsAndShrinks(vendor, { then: [{ use: 'await_vm' }] });
  });

  it('with suanli: a number that is set, over what it was before', async () => {
    const vendor = await suanliVendor();
    const { pool, result } = await grown(vendor, 10, 4);
    expect(result).toMatchObject({ counts: { total: 10, ok: 10 }, batches: 3 });
    expect([vendor.points(), vendor.cloud.count()]).toEqual([11, 3]);
    const { id, nodes } = await poolOf(engine.store, pool);
    expect(nodes.map(({ name, vmId }) => [name, vmId])).toEqual(
      Array.from({ length: 11 }, (_, i) => [`${pool}-${i + 1}`, `${pool}-${i + 1}`]),
    );
    await (await engine.drover.shrink({ pool, to: 2 })).result();
    expect(vendor.points()).toBe(2);
    expect(await engine.store.machines.live(id)).toHaveLength(2);
    const { items } = await engine.store.audit.list({ action: 'pool.resize', name: pool, limit: 10 });
    expect(items.map(({ after, outcome }) => [after, outcome])).toMatchObject(
      [2, 11, 9, 5].map((count) => [{ count }, 'ok']),
    );
  });
});

describe.concurrent('requests for a machine are as many however many machines there are', () => {
  const LOOKS = ['list', 'list-all', 'status'];

  /** Requests of an expansion in one batch: looks at the group, and others for each machine. */
  async function requests(vendor: Vendor, count: number): Promise<{ looks: number; others: number }> {
    await grown(vendor, count, count);
    const looks = LOOKS.reduce((sum, kind) => sum + vendor.cloud.count(kind), 0);
    return { looks, others: (vendor.cloud.count() - looks) / count };
  }

  const VENDORS: [string, (count: number) => Promise<Vendor>][] = [
    ['http', () => httpVendor()],
    ['http, a request for each', () => httpVendor({}, { create: { path: '/v1/machines', ids: 'machines[*].id' } })],
    ['jupiter', (count) => jupiterVendor({ places: places(count) })],
    ['croupier', (count) => croupierVendor(addresses(count))],
    ['top', (count) => topVendor(count)],
    ['everai', () => everaiVendor()],
  ];

  it.each(VENDORS)('with %s', async (_, vendorFor) => {
    const [some, more] = await Promise.all([5, 20].map(async (count) => requests(await vendorFor(count), count)));
    expect(some?.others).toBeLessThanOrEqual(3);
    expect(more?.others).toBeLessThanOrEqual(3);
    expect(more?.looks).toBe(some?.looks);
  });
});
