import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TaskHandle } from '../../client/index.ts';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { WorkerProcess } from '../support/worker-process.ts';

const NODES = 12;
const LINES = 30;

let engine: Engine;
let worker: WorkerProcess | undefined;
beforeAll(async () => {
  engine = await Engine.start({ worker: false });
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
});
afterAll(async () => {
  await engine.close();
});

/** Appends one line to a file of the node, so that a second run would show, and prints lines for about three seconds. */
const template = () => ({
  name: 'long',
  steps: ['first', 'second'].map((name) => ({
    name,
    actions: [
      {
        shell: `echo ${name} >> ${engine.folder}/{{task.name}}-{{node.name}}
i=1
while [ $i -le ${LINES} ]; do echo "${name} {{node.name}} $i"; echo "err $i" >&2; i=$((i+1)); sleep 0.1; done`,
      },
    ],
  })),
});

const start = (rollout: object): Promise<TaskHandle> =>
  engine.drover.run({ name: newTaskName('crash'), template: template(), nodes: engine.nodes(NODES), rollout });

/** Until output of this many nodes is in the store: the commands are in their midst. */
const inTheMiddle = (task: TaskHandle, step: string, nodes: number) =>
  eventually(
    async () => {
      const { chunks } = await engine.store.logs.read(await engine.idOf(task), { limit: 10_000 });
      const seen = new Set(chunks.filter(({ stepName }) => stepName === step).map(({ no }) => no));
      expect(seen.size).toBeGreaterThanOrEqual(nodes);
    },
    { within: 60_000 },
  );

async function expectEveryCommandOnce(task: TaskHandle): Promise<void> {
  for (const { no, name, steps } of await engine.ledger(task)) {
    expect(steps.map(({ status, tries }) => [status, tries])).toEqual([
      ['ok', 1],
      ['ok', 1],
    ]);
    expect(await engine.lines(`${task.name}-${name}`), name).toEqual(['first', 'second']);
    const { chunks } = await engine.store.logs.read(await engine.idOf(task), { no, limit: 10_000 });
    for (const [step, title] of ['first', 'second'].entries()) {
      const text = (stream: string) =>
        Buffer.concat(
          chunks.filter((c) => c.step === step && c.stream === stream).map(({ bytes }) => bytes),
        ).toString();
      const numbers = Array.from({ length: LINES }, (_, i) => i + 1);
      expect(text('out')).toBe(numbers.map((i) => `${title} ${name} ${i}\n`).join(''));
      expect(text('err')).toBe(numbers.map((i) => `err ${i}\n`).join(''));
    }
  }
}

describe('a worker killed with SIGKILL in the midst of running commands, and started again', () => {
  it('goes on: the task ends ok, each command ran once, each line of output is in the log once', async () => {
    worker = await WorkerProcess.start(engine);
    const task = await start({ batch: 6 });
    await inTheMiddle(task, 'first', 6);
    await worker.kill();
    worker = await WorkerProcess.start(engine);
    await inTheMiddle(task, 'second', 3);
    await worker.kill();
    worker = await WorkerProcess.start(engine);
    expect(await task.result()).toMatchObject({ counts: { total: NODES, ok: NODES } });
    await expectEveryCommandOnce(task);
  });

  it('does so in order `node`, too, where a node goes through all steps by itself', async () => {
    worker = await WorkerProcess.start(engine);
    const task = await start({ batch: NODES, order: 'node' });
    await inTheMiddle(task, 'second', 1);
    await worker.kill();
    worker = await WorkerProcess.start(engine);
    expect(await task.result()).toMatchObject({ counts: { total: NODES, ok: NODES } });
    await expectEveryCommandOnce(task);
  });

  it('is replaced by another worker that is there already', async () => {
    worker = await WorkerProcess.start(engine);
    const task = await start({ batch: NODES });
    await inTheMiddle(task, 'first', NODES);
    const second = await WorkerProcess.start(engine);
    await worker.kill();
    worker = second;
    expect(await task.result()).toMatchObject({ counts: { total: NODES, ok: NODES } });
    await expectEveryCommandOnce(task);
  });

  it('shut down in an orderly way leaves the commands running, and the next one takes them up', async () => {
    worker = await WorkerProcess.start(engine);
    const task = await start({ batch: NODES });
    await inTheMiddle(task, 'first', NODES);
    await worker.stop();
    worker = await WorkerProcess.start(engine);
    expect(await task.result()).toMatchObject({ counts: { total: NODES, ok: NODES } });
    await expectEveryCommandOnce(task);
  });
});
