import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TaskFailed, type TaskHandle } from '../../client/index.ts';
import type { Progress } from '../../model/activities.ts';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.start();
});
afterAll(async () => {
  await engine.close();
});

/** Appends a line, then fails on nodes that are not repaired: those whose file `broken-NODE` is there. */
const template = () => ({
  name: 'fragile',
  steps: [
    { name: 'prepare', actions: [{ shell: `echo prepare >> ${engine.folder}/{{task.name}}-{{node.name}}` }] },
    {
      name: 'start',
      actions: [
        {
          shell: `echo start >> ${engine.folder}/{{task.name}}-{{node.name}}; test ! -e ${engine.folder}/broken-{{node.name}}`,
        },
      ],
    },
  ],
});

const breakNodes = (names: string[]) =>
  Promise.all(names.map((name) => writeFile(join(engine.folder, `broken-${name}`), '')));

const repair = async (names: string[]) => {
  const { rm } = await import('node:fs/promises');
  await Promise.all(names.map((name) => rm(join(engine.folder, `broken-${name}`), { force: true })));
};

const paused = (task: TaskHandle) =>
  eventually(
    async (): Promise<Progress> => {
      const progress = await task.progress();
      expect(progress.status).toBe('paused');
      expect(progress.batches.running).toEqual([]);
      return progress;
    },
    { within: 60_000 },
  );

const runs = (task: TaskHandle, node: string) => engine.lines(`${task.name}-${node}`);

describe('a failure budget of 3 on 30 nodes, 4 of them broken', () => {
  const broken = ['n02', 'n05', 'n11', 'n14'];

  it('pauses with no batch started beyond, says why, and a retry after the repair finishes without running any ok node again', async () => {
    await breakNodes(broken);
    const task = await engine.drover.run({
      name: newTaskName('budget'),
      template: template(),
      nodes: engine.nodes(30),
      rollout: { batch: 5, maxFailures: 3, onBudget: 'pause' },
    });

    const { reason, counts } = await paused(task);
    expect(reason).toBe(
      'failure budget spent: 4 of 30 nodes failed, more than 3 allowed: n02 at start, n05 at start, n11 at start, …',
    );
    expect(counts).toMatchObject({ ok: 11, failed: 4, pending: 15 });
    await eventually(async () => {
      const row = await engine.store.tasks.get(task.name);
      expect(row).toMatchObject({ status: 'paused', reason, batchesDone: 3 });
    });

    await repair(broken);
    await task.retry();
    expect(await task.result()).toMatchObject({ counts: { total: 30, ok: 30, failed: 0 } });
    for (const { name, steps } of await engine.ledger(task)) {
      const wanted = broken.includes(name) ? ['prepare', 'start', 'start'] : ['prepare', 'start'];
      expect(await runs(task, name), name).toEqual(wanted);
      expect(steps[1]?.tries).toBe(broken.includes(name) ? 2 : 1);
    }
  });

  it('goes on once a node is skipped, and the task ends ok without it', async () => {
    await breakNodes(broken);
    const task = await engine.drover.run({
      name: newTaskName('skip'),
      template: template(),
      nodes: engine.nodes(20),
      rollout: { batch: 5, maxFailures: 3 },
    });
    await paused(task);
    await task.skip(['n02']);
    await expect(task.result()).rejects.toThrow(TaskFailed);
    const nodes = await engine.ledger(task);
    expect(nodes.find(({ name }) => name === 'n02')).toMatchObject({ status: 'skipped' });
    expect(nodes.filter(({ status }) => status === 'ok')).toHaveLength(16);
    await repair(broken);
  });

  it('can be raised while the task waits', async () => {
    await breakNodes(broken);
    const task = await engine.drover.run({
      name: newTaskName('raise'),
      template: template(),
      nodes: engine.nodes(20),
      rollout: { batch: 5, maxFailures: 3 },
    });
    await paused(task);
    expect(await task.setRollout({ maxFailures: 10, batch: 2 })).toMatchObject({ maxFailures: 10, batch: [2] });
    const failure = await task.result().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(TaskFailed);
    expect((failure as TaskFailed).counts).toMatchObject({ ok: 16, failed: 4 });
    expect((failure as TaskFailed).failed.map(({ name, step }) => `${name} ${step}`)).toEqual(
      broken.map((name) => `${name} start`),
    );
    const sizes = (await engine.ledger(task)).filter(({ batch }) => (batch ?? 0) > 3).map(({ batch }) => batch);
    expect(sizes).toEqual([4, 4, 5, 5, 6].slice(0, sizes.length));
    await repair(broken);
  });
});

describe('a task that ended with failed nodes', () => {
  it('runs only those again when it is retried, from their own failed step', async () => {
    await breakNodes(['n03', 'n06']);
    const task = await engine.drover.run({ name: newTaskName('again'), template: template(), nodes: engine.nodes(8) });
    await expect(task.result()).rejects.toThrow('2 of 8 nodes failed: n03 at start, n06 at start');
    expect(await engine.store.tasks.get(task.name)).toMatchObject({ status: 'failed' });

    await repair(['n03', 'n06']);
    await task.retry({ nodes: ['n06'] });
    await expect(task.result()).rejects.toThrow('1 of 8 nodes failed: n03 at start');
    await task.retry();
    expect(await task.result()).toMatchObject({ counts: { ok: 8 } });
    expect(await runs(task, 'n03')).toEqual(['prepare', 'start', 'start']);
    expect(await runs(task, 'n06')).toEqual(['prepare', 'start', 'start']);
    expect(await runs(task, 'n01')).toEqual(['prepare', 'start']);
  });

  it('keeps its name to itself', async () => {
    const name = newTaskName('taken');
    await (await engine.drover.run({ name, template: template(), nodes: engine.nodes(1) })).result();
    await expect(engine.drover.run({ name, template: template(), nodes: engine.nodes(2) })).rejects.toThrow(
      `there is a task named ${name} already`,
    );
  });
});
