import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TaskHandle } from '../../client/index.ts';
import { random } from '../model/random.ts';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { expectAgreement, places, poolFrom, type Growing } from '../support/growing.ts';
import { applyAll, poolOf, SERVICE } from '../support/pools.ts';
import { sweepOnce } from '../support/sweep.ts';
import { closeVendors, everaiVendor, httpVendor, SECRETS, type MakingVendor } from '../support/vendors.ts';
import { WorkerProcess } from '../support/worker-process.ts';

const KILLS = 10;

let engine: Engine;
let worker: WorkerProcess | undefined;
beforeAll(async () => {
  Object.assign(process.env, SECRETS);
  engine = await Engine.start({ worker: false });
  await applyAll(engine.store, SERVICE);
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
});
afterAll(async () => {
  await engine.close();
  await closeVendors();
});

interface Growth {
  vendor: MakingVendor;
  pool: string;
  task: TaskHandle;
}

/** Ten nodes in batches of 4. Their machines take a moment to boot, and all answers take one to come. */
async function begin(vendor: MakingVendor, growing: Growing = {}): Promise<Growth> {
  vendor.cloud.latency = 250;
  const pool = await poolFrom(engine, vendor, growing);
  const task = await engine.drover.expand({ pool, count: 10, name: newTaskName('grow'), rollout: { batch: 4 } });
  return { vendor, pool, task };
}

/** A command of some length that leaves the node's name in a file. */
const install = (file: string) => ({
  name: 'install',
  actions: [{ shell: `echo {{node.name}} >>${engine.folder}/${file}; sleep 0.5` }],
});

const BOOT = { bootTime: 1000 };

describe('a worker killed with SIGKILL at ten random moments of an expansion, and started again', () => {
  const seed = Number(process.env['DROVER_TEST_SEED'] ?? Date.now() % 1_000_000);

  it(`makes each machine once and forgets none (DROVER_TEST_SEED=${seed})`, async () => {
    const numbers = random(seed);
    const file = newTaskName('installed');
    const growths = [
      await begin(await httpVendor({ places: places(10), ...BOOT }), { then: [install(file)] }),
      await begin(await httpVendor({ places: places(10), keyed: 'by client token', ...BOOT }), {
        then: [install(file)],
      }),
      await begin(await everaiVendor(BOOT), { then: [{ use: 'await_vm' }] }),
    ];
    for (let kill = 0; kill < KILLS; kill++) {
      worker = await WorkerProcess.start(engine);
      await delay(numbers.below(2500));
      await worker.kill();
    }
    for (const { task } of growths) expect((await task.execution()).state).toBe('running');
    worker = await WorkerProcess.start(engine);
    for (const { task, vendor, pool } of growths) {
      expect(await task.result()).toMatchObject({ counts: { total: 10, ok: 10 } });
      expect(vendor.ever()).toBe(10);
      expect((await poolOf(engine.store, pool)).nodes).toHaveLength(10);
      await expectAgreement(engine, pool, vendor);
    }
    const lines = await engine.lines(file);
    expect(lines).toHaveLength(20);
    expect(new Set(lines).size).toBe(20);
  }, 300_000);
});

describe('an expansion that is terminated in Temporal', () => {
  const MOMENTS: { what: string; moment: (vendor: MakingVendor) => void }[] = [
    { what: 'while machines are asked for', moment: ({ cloud }) => expect(cloud.count('create')).toBe(2) },
    { what: 'while machines boot', moment: (vendor) => expect(vendor.ever()).toBe(8) },
  ];
  const POLICIES = ['release', 'keep'] as const;

  it('leaves what it made to be dealt with as the pool says', async () => {
    worker = await WorkerProcess.start(engine);
    const cases = MOMENTS.flatMap((one) => POLICIES.map((policy) => ({ ...one, policy })));
    await Promise.all(cases.map(({ moment, policy }) => terminated(moment, policy)));
  });

  /** In its second batch, at this moment. */
  async function terminated(moment: (vendor: MakingVendor) => void, policy: 'release' | 'keep'): Promise<void> {
    const vendor = await httpVendor({ bootTime: 500 });
    vendor.cloud.trouble('create', { does: 'delay', ms: 0 });
    vendor.cloud.trouble('create', { does: 'delay', ms: 1000 });
    const { pool, task } = await begin(vendor, { others: { onFailure: policy } });
    await eventually(() => moment(vendor), { within: 30_000 });
    await engine.drover.client.workflow.getHandle(task.name).terminate();
    await settled(task, async () => {
      expect(vendor.bill()).toHaveLength(policy === 'keep' ? 8 : 4);
      await expectAgreement(engine, pool, vendor);
    });
    const { id, nodes } = await poolOf(engine.store, pool);
    expect(nodes).toHaveLength(4);
    const listed = await engine.store.machines.unreleased(id);
    expect(listed.map((one) => one.task)).toEqual(policy === 'keep' ? Array(4).fill(task.name) : []);
  }

  /** As a worker's sweeps come round. */
  async function settled(task: TaskHandle, assertion: () => Promise<void>): Promise<void> {
    const swept = async () => {
      await sweepOnce(engine);
      expect(await engine.store.tasks.get(task.name)).toMatchObject({ status: 'terminated' });
      await assertion();
    };
    await eventually(swept, { within: 30_000 });
  }

  it('while no worker is alive, is settled when there is one', async () => {
    worker = await WorkerProcess.start(engine);
    const vendor = await everaiVendor(BOOT);
    const { pool, task } = await begin(vendor);
    await eventually(() => expect(vendor.ever()).toBe(4));
    await worker.kill();
    await engine.drover.client.workflow.getHandle(task.name).terminate();
    worker = await WorkerProcess.start(engine);
    await settled(task, async () => {
      expect(vendor.bill()).toEqual([]);
      expect((await poolOf(engine.store, pool)).nodes).toEqual([]);
      await expectAgreement(engine, pool, vendor);
    });
  });
});
