import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { applyAll, poolNamed, poolOf, SERVICE, templatesOf } from '../support/pools.ts';
import { startProxy } from '../support/proxy.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.start();
  await applyAll(engine.store, SERVICE);
});
afterAll(async () => {
  await engine.close();
});

/** A command that leaves a line in a file of the step's name. */
const traced = (step: string) => ({
  name: step,
  actions: [{ shell: `echo {{node.name}} >> ${engine.folder}/{{task.name}}-${step}` }],
});

const steps = () => ({
  expand: [{ use: 'create_vm' }, traced('install')],
  shrink: [traced('goodbye'), { use: 'return_vm' }],
  deploy: [{ use: 'drain' }, traced('deploy'), { use: 'undrain' }],
});

async function spares(pool: string, count: number, others: object = {}) {
  await applyAll(engine.store, [
    ...templatesOf(pool, steps()),
    poolNamed(pool, { provider: { ssh: { spares: engine.nodes(count) } }, ...others }),
  ]);
}

describe('a pool of spare machines', () => {
  it('grows in batches, is deployed to and shrinks again', async () => {
    await spares('web', 10);
    const name = newTaskName('grow');
    const grown = await engine.drover.expand({ pool: 'web', count: 10, name, rollout: { batch: 4 } });
    expect(await grown.result()).toMatchObject({ counts: { total: 10, ok: 10 }, batches: 3 });
    expect(await engine.lines(`${name}-install`)).toHaveLength(10);

    const { id, nodes } = await poolOf(engine.store, 'web');
    expect(nodes.map((node) => [node.name, node.vmId])).toEqual(
      Array.from({ length: 10 }, (_, i) => [`web-${i + 1}`, `n${String(i + 1).padStart(2, '0')}`]),
    );
    expect(nodes.every(({ status, nodeType }) => status === 2 && nodeType === 'manual')).toBe(true);
    expect((await engine.store.machines.live(id)).every(({ state }) => state === 'joined')).toBe(true);

    const deployed = await engine.drover.deploy({ pool: 'web', name: newTaskName('deploy') });
    expect(await deployed.result()).toMatchObject({ counts: { total: 10, ok: 10 } });
    expect(await engine.lines(`${deployed.name}-deploy`)).toHaveLength(10);

    const shrunk = await engine.drover.shrink({ pool: 'web', count: 3, name: newTaskName('shrink') });
    expect(await shrunk.result()).toMatchObject({ counts: { total: 3, ok: 3 } });
    const left = await poolOf(engine.store, 'web');
    expect(left.nodes.map((node) => node.name)).toEqual(Array.from({ length: 7 }, (_, i) => `web-${i + 1}`));
    expect(await engine.store.machines.live(id)).toHaveLength(7);
    expect(await engine.store.machines.unreleased(id)).toEqual([]);
  });
});

describe('a machine that runs and takes no logins yet', () => {
  it('is waited for before the first step on it', async () => {
    const [node] = engine.nodes(1);
    if (!node) throw new Error('a fleet needs a node');
    const proxy = await startProxy(node);
    onTestFinished(() => proxy.close());
    await proxy.refuse();
    const spare = { ...proxy.target, name: 'slow' };
    await applyAll(engine.store, [
      ...templatesOf('slow', steps()),
      poolNamed('slow', { provider: { ssh: { spares: [spare] } } }),
    ]);
    const task = await engine.drover.expand({ pool: 'slow', count: 1, name: newTaskName('slow') });
    await eventually(async () => {
      const [first] = await engine.ledger(task);
      expect(first?.steps.map(({ status }) => status)).toEqual(['ok', 'running']);
    });
    await proxy.accept();
    expect((await task.result()).counts).toMatchObject({ total: 1, ok: 1 });
    expect(await engine.lines(`${task.name}-install`)).toEqual(['slow-1']);
  });
});
