import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskHandle } from '../../client/index.ts';
import { queueId } from '../../model/pool/queue-id.ts';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { applyAll, poolNamed, SERVICE, templatesOf } from '../support/pools.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.start();
  await applyAll(engine.store, SERVICE);
});
afterAll(async () => {
  await engine.close();
});

/** A pool of one node, whose deployments run until a file is there; with a name that no other test has. */
async function pool(): Promise<string> {
  const name = newTaskName('pool');
  const [node] = engine.nodes(1);
  await applyAll(engine.store, [
    ...templatesOf(name, {
      expand: [{ use: 'create_vm' }],
      shrink: [{ use: 'return_vm' }],
      deploy: [{ name: 'wait', actions: [{ shell: engine.waitingFor(`${name}-go`) }] }],
    }),
    poolNamed(name, { nodes: [node], provider: { ssh: { spares: engine.nodes(8).slice(1) } } }),
  ]);
  return name;
}

const deploy = (name: string, others: object = {}) =>
  engine.drover.deploy({ pool: name, name: newTaskName('deploy'), ...others });

const row = async (task: TaskHandle) => {
  const found = await engine.store.tasks.get(task.name);
  if (!found) throw new Error(`no task ${task.name} yet`);
  return found;
};

const running = (task: TaskHandle) => eventually(async () => expect((await row(task)).status).toBe('running'));

const waiting = (task: TaskHandle, ahead: number) =>
  eventually(async () => {
    const { status, reason } = await row(task);
    expect({ status, reason }).toEqual({
      status: 'pending',
      reason: expect.stringContaining(`${ahead} ahead of it`) as string,
    });
  });

describe('tasks of one pool', () => {
  it('run one after another, in the order they came, and say how many are ahead', async () => {
    const name = await pool();
    const first = await deploy(name);
    await running(first);
    const second = await deploy(name);
    await waiting(second, 1);
    const third = await engine.drover.expand({ pool: name, count: 1, name: newTaskName('expand') });
    await waiting(third, 2);
    expect(await engine.drover.queueOf(name)).toEqual([first.name, second.name, third.name]);

    await engine.touch(`${name}-go`);
    await Promise.all([first, second, third].map((task) => task.result()));
    const starts = await Promise.all(
      [first, second, third].map(async (task) => (await row(task)).startedAt?.getTime() ?? 0),
    );
    const ends = await Promise.all([first, second].map(async (task) => (await row(task)).finishedAt?.getTime() ?? 0));
    expect(starts[1]).toBeGreaterThanOrEqual(ends[0] ?? Infinity);
    expect(starts[2]).toBeGreaterThanOrEqual(ends[1] ?? Infinity);
    await eventually(async () => expect(await engine.drover.queueOf(name)).toEqual([]));
  });

  it('of two pools do not wait for each other', async () => {
    const [one, other] = [await pool(), await pool()];
    const first = await deploy(one);
    await running(first);
    await engine.touch(`${other}-go`);
    await (await deploy(other)).result();
    expect((await row(first)).status).toBe('running');
    await engine.touch(`${one}-go`);
    await first.result();
  });

  it('are over a pool as it is when they have their turn', async () => {
    const name = await pool();
    const first = await deploy(name);
    await running(first);
    const grow = await engine.drover.expand({ pool: name, to: 2, name: newTaskName('grow') });
    const again = await engine.drover.expand({ pool: name, to: 2, name: newTaskName('again') });
    await engine.touch(`${name}-go`);
    await first.result();
    expect((await grow.result()).counts.total).toBe(1);
    expect((await again.result()).counts.total).toBe(0);
  });
});

describe('a task that waits for its pool', () => {
  it('can be stopped, and nobody waits for it', async () => {
    const name = await pool();
    const first = await deploy(name);
    await running(first);
    const second = await deploy(name);
    const third = await deploy(name);
    await waiting(third, 2);
    await second.stop();
    await expect(second.result()).rejects.toThrow('before its turn');
    expect(await row(second)).toMatchObject({ status: 'stopped', startedAt: null });
    await waiting(third, 1);
    await engine.touch(`${name}-go`);
    await third.result();
  });

  it('can be cancelled or terminated in Temporal', async () => {
    const name = await pool();
    const first = await deploy(name);
    await running(first);
    const [second, third, fourth] = [await deploy(name), await deploy(name), await deploy(name)];
    await waiting(fourth, 3);
    await engine.drover.client.workflow.getHandle(second.name).cancel();
    await eventually(async () => expect((await row(second)).status).toBe('stopped'));
    await engine.drover.client.workflow.getHandle(third.name).terminate();
    await engine.touch(`${name}-go`);
    await fourth.result();
  });

  it('goes on after a stop when it is retried', async () => {
    const name = await pool();
    const first = await deploy(name);
    await running(first);
    const second = await deploy(name);
    await waiting(second, 1);
    await second.stop();
    await expect(second.result()).rejects.toThrow();
    await second.retry();
    await waiting(second, 1);
    await engine.touch(`${name}-go`);
    expect((await second.result()).counts.ok).toBe(1);
  });
});

describe('the pool is free again', () => {
  it.each([
    ['terminated', (task: TaskHandle) => engine.drover.client.workflow.getHandle(task.name).terminate()],
    ['cancelled', (task: TaskHandle) => engine.drover.client.workflow.getHandle(task.name).cancel()],
    ['stopped', (task: TaskHandle) => task.stop({ kill: true })],
  ])('when the task that has it is %s', async (_, end) => {
    const name = await pool();
    const first = await deploy(name);
    await running(first);
    const second = await deploy(name);
    await waiting(second, 1);
    await end(first);
    await eventually(async () => expect((await row(second)).status).toBe('running'), { within: 15_000 });
    await engine.touch(`${name}-go`);
    await second.result();
  });

  it('when its queue is terminated, only after the task that has it', async () => {
    const name = await pool();
    const first = await deploy(name);
    await running(first);
    await engine.drover.client.workflow.getHandle(queueId(engine.drover.taskQueue, name)).terminate();
    const second = await deploy(name);
    await waiting(second, 1);
    await engine.touch(`${name}-go`);
    await second.result();
  });
});

describe('a task that does not want to wait', () => {
  it('is refused while another one has the pool, and runs when none has', async () => {
    const name = await pool();
    const first = await deploy(name);
    await running(first);
    const hasty = await deploy(name, { now: true });
    await expect(hasty.result()).rejects.toThrow(`pool ${name} is busy: ${first.name} has it`);
    expect(await row(hasty)).toMatchObject({ status: 'stopped', startedAt: null });
    await engine.touch(`${name}-go`);
    await first.result();
    await eventually(async () => expect(await engine.drover.queueOf(name)).toEqual([]));
    await (await deploy(name, { now: true })).result();
  });
});
