import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TaskStopped, type TaskHandle } from '../../client/index.ts';
import type { NodeStatus } from '../../model/status.ts';
import { sweepOnce } from '../support/sweep.ts';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { processesWith } from '../support/processes.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.start();
});
afterAll(async () => {
  await engine.close();
});

const run = promisify(execFile);

/** The `temporal` program: what it asks of the server is what Temporal's UI asks. */
async function temporal(...args: string[]): Promise<string> {
  const { address, binary } = inject('shared').temporal;
  const { stdout } = await run(binary, ['workflow', ...args, '--address', address]);
  return stdout;
}

/** Commands that run until the file `NAME.go` is there; the process list shows the task's name. */
const waiting = (name: string) => ({
  name: 'waiting',
  steps: [
    {
      name: 'wait',
      actions: [
        {
          shell: `echo {{node.name}} >> ${engine.folder}/{{task.name}}; sh -c 'while [ ! -e ${engine.folder}/${name}.go ]; do sleep 0.1; done'`,
        },
        { shell: `echo second {{node.name}} >> ${engine.folder}/{{task.name}}` },
      ],
    },
    { name: 'after', actions: [{ shell: `echo after {{node.name}} >> ${engine.folder}/{{task.name}}` }] },
  ],
});

const letGo = async (task: TaskHandle) => {
  const { writeFile } = await import('node:fs/promises');
  await writeFile(`${engine.folder}/${task.name}.go`, '');
};

async function start(rollout: object, nodes = 4): Promise<TaskHandle> {
  const name = newTaskName('steer');
  return await engine.drover.run({ name, template: waiting(name), nodes: engine.nodes(nodes), rollout });
}

const begun = (task: TaskHandle, count: number) =>
  eventually(async () => expect(await engine.lines(task.name)).toHaveLength(count), { within: 30_000 });

const statuses = async (task: TaskHandle): Promise<NodeStatus[]> =>
  (await engine.ledger(task)).map(({ status }) => status);

const statusOf = async (task: TaskHandle) => (await engine.store.tasks.get(task.name))?.status;

describe('pause', () => {
  it('by the temporal program lets running commands end and starts no other, not even in the same step; resume goes on', async () => {
    const task = await start({ batch: 2 });
    await begun(task, 2);
    await temporal('signal', '-w', task.name, '--name', 'pause');
    await eventually(async () => expect(await statusOf(task)).toBe('paused'));
    await letGo(task);
    await eventually(async () => {
      const id = await engine.idOf(task);
      const [first] = await engine.store.ledger.slice(id, [0]);
      expect(first?.jobs[0]?.outcome).toMatchObject({ status: 'ok' });
    });
    expect(await engine.lines(task.name)).toHaveLength(2);

    await temporal('signal', '-w', task.name, '--name', 'resume');
    await task.result();
    const lines = await engine.lines(task.name);
    expect(lines).toHaveLength(12);
    expect(lines.filter((line) => line === 'n01')).toHaveLength(1);
  });

  it('of Temporal itself lets the running batch end and starts no other; unpause goes on', async () => {
    const task = await start({ batch: 2 });
    await begun(task, 2);
    await temporal('pause', '-w', task.name, '--reason', 'lunch');
    await eventually(async () => expect((await task.execution()).state).toBe('paused'));
    await letGo(task);
    await eventually(async () => expect(await statuses(task)).toEqual(['ok', 'ok', 'pending', 'pending']));
    await task.pause();
    await temporal('unpause', '-w', task.name);
    await eventually(async () => expect(await statusOf(task)).toBe('paused'));
    expect(await statuses(task)).toEqual(['ok', 'ok', 'pending', 'pending']);
    await task.resume();
    expect(await task.result()).toMatchObject({ counts: { ok: 4 } });
  });

  it('of Temporal itself is lifted by a resume, too', async () => {
    const task = await start({ batch: 2 });
    await begun(task, 2);
    await temporal('pause', '-w', task.name);
    await eventually(async () => expect((await task.execution()).state).toBe('paused'));
    await expect(task.setRollout({ batch: 1 })).rejects.toThrow('is paused in Temporal');
    await letGo(task);
    await task.resume();
    expect(await task.result()).toMatchObject({ counts: { ok: 4 } });
  });
});

describe('stop', () => {
  it('by the temporal program lets running commands end, starts no other, and a retry goes on with what is left', async () => {
    const task = await start({ batch: 2 });
    await begun(task, 2);
    await temporal('signal', '-w', task.name, '--name', 'stop');
    await eventually(async () => expect(await statusOf(task)).toBe('stopping'));
    await letGo(task);
    await expect(task.result()).rejects.toThrow(TaskStopped);
    expect(await engine.lines(task.name)).toHaveLength(2);
    expect(await statusOf(task)).toBe('stopped');
    expect(await statuses(task)).toEqual(['pending', 'pending', 'pending', 'pending']);

    await task.retry();
    expect(await task.result()).toMatchObject({ counts: { ok: 4 } });
  });

  it('with kill ends the commands on the nodes and says so for each', async () => {
    const task = await start({ batch: 3 });
    await begun(task, 3);
    expect(processesWith(task.name)).not.toEqual([]);
    await task.stop({ kill: true });
    await expect(task.result()).rejects.toThrow(TaskStopped);
    expect(processesWith(task.name)).toEqual([]);
    expect(await statuses(task)).toEqual(['cancelled', 'cancelled', 'cancelled', 'pending']);
    const [first] = await engine.ledger(task);
    expect(first?.steps[0]?.reason).toContain('killed on the node');
  });
});

describe('in Temporal', () => {
  it('terminate kills the commands on the nodes; the ledger says terminated', async () => {
    const task = await start({ batch: 3 });
    await begun(task, 3);
    await temporal('terminate', '-w', task.name, '--reason', 'enough');
    await eventually(() => expect(processesWith(task.name)).toEqual([]), { within: 30_000 });
    await sweepOnce(engine);
    expect(await statusOf(task)).toBe('terminated');
    expect(await statuses(task)).toEqual(['cancelled', 'cancelled', 'cancelled', 'pending']);
    expect((await engine.ledger(task)).flatMap(({ steps }) => steps.map(({ status }) => status))).not.toContain(
      'running',
    );
  });

  it('cancel kills the commands on the nodes; the task is stopped', async () => {
    const task = await start({ batch: 3 });
    await begun(task, 3);
    await temporal('cancel', '-w', task.name);
    await expect(task.result()).rejects.toThrow(TaskStopped);
    expect(processesWith(task.name)).toEqual([]);
    expect(await engine.store.tasks.get(task.name)).toMatchObject({
      status: 'stopped',
      reason: expect.stringContaining('cancelled in Temporal') as string,
    });
    expect(await statuses(task)).toEqual(['cancelled', 'cancelled', 'cancelled', 'pending']);
  });

  it('terminate while no worker lives: the next sweep kills what was left', async () => {
    const other = await Engine.start();
    const name = newTaskName('orphan');
    const task = await other.drover.run({
      name,
      template: waiting(name),
      nodes: other.nodes(2),
      rollout: { batch: 2 },
    });
    await begun(task, 2);
    await other.stopWorker();
    await temporal('terminate', '-w', name);
    expect(processesWith(name)).not.toEqual([]);

    await sweepOnce(other);
    expect(processesWith(name)).toEqual([]);
    expect((await other.store.tasks.get(task.name))?.status).toBe('terminated');
    const [first] = await other.ledger(task);
    expect(first).toMatchObject({ status: 'cancelled' });
    expect(first?.steps[0]?.reason).toContain('killed, the node confirmed it');
    await other.close();
  });

  it('progress, handlers and their descriptions are there to see', async () => {
    const task = await start({ batch: 2 });
    await begun(task, 2);
    const metadata = await temporal('metadata', '-w', task.name);
    for (const word of ['pause', 'resume', 'stop', 'retry', 'skip', 'setRollout', 'progress'])
      expect(metadata).toContain(word);
    expect(metadata).toContain('batch 0 of 2 done');
    const list = await temporal('list', '--query', `DroverTemplate = 'waiting' AND DroverState = 'running'`);
    expect(list).toContain(task.name);
    await letGo(task);
    await task.result();
  });
});
