import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.start();
});
afterAll(async () => {
  await engine.close();
});

const nothing = { name: 'nothing', steps: [{ name: 'nothing', actions: [{ wait: 0 }] }] };
const nodes = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `n${i}`, address: '127.0.0.1' }));

describe('a task of 800 nodes', () => {
  it('brings its nodes in parts, and goes on in a new history when the first one has become long', async () => {
    const task = await engine.drover.run({
      name: newTaskName('large'),
      template: nothing,
      nodes: nodes(800),
      rollout: { batch: 8, lanes: 4, order: 'node' },
    });
    expect(await task.result()).toMatchObject({ counts: { total: 800, ok: 800 }, batches: 400 });
    const { items } = await engine.store.ledger.nodes(await engine.idOf(task), { page: 2, pageSize: 400 });
    expect(items.map(({ name, status }) => [name, status])).toEqual(
      Array.from({ length: 400 }, (_, i) => [`n${400 + i}`, 'ok']),
    );
    const runs = [];
    for await (const run of engine.drover.client.workflow.list({ query: `WorkflowId = '${task.name}'` }))
      runs.push(run.status.name);
    expect(runs.toSorted()).toEqual(['COMPLETED', 'CONTINUED_AS_NEW']);
  }, 240_000);

  it('that is never sent whole fails, and says what to do', async () => {
    const name = newTaskName('incomplete');
    const { workflow } = engine.drover.client;
    const handle = await workflow.start('task', {
      workflowId: name,
      taskQueue: engine.drover.taskQueue,
      args: [{ template: nothing, nodes: { parts: 2, total: 700, within: 500 } }],
    });
    await handle.signal('addNodes', { part: 0, firstNo: 0, nodes: nodes(500) });
    await expect(handle.result()).rejects.toMatchObject({
      cause: {
        type: 'Incomplete',
        message: expect.stringContaining('only 1 of 2 parts of the node list arrived') as string,
      },
    });
    expect(await engine.store.tasks.get(name)).toBeUndefined();
  });
});

describe("a task from Temporal's own UI, whose JSON nobody has checked", () => {
  const start = (name: string, input: unknown) =>
    engine.drover.client.workflow.start('task', {
      workflowId: name,
      taskQueue: engine.drover.taskQueue,
      args: [input],
    });

  it('takes the shapes of the YAML files', async () => {
    const name = newTaskName('by-hand');
    const [node] = engine.nodes(1);
    await start(name, {
      template: {
        name: 'hello',
        params: { who: {} },
        steps: [{ name: 'greet', actions: [{ shell: 'echo hello {{who}}' }] }],
      },
      nodes: [node],
      params: { who: 'operator' },
      rollout: { batch: '50%', bake: '1s' },
    });
    await engine.drover.task(name).result();
    expect(await engine.log(engine.drover.task(name), 0)).toBe('hello operator\n');
    expect(await engine.store.tasks.get(name)).toMatchObject({ startedBy: "Temporal's UI", status: 'ok' });
  });

  it('is refused with every problem at once, and nothing is started', async () => {
    const name = newTaskName('nonsense');
    const handle = await start(name, {
      template: { name: 'hello', steps: [{ name: 'greet', actons: [{ shell: 'echo {{who}}' }] }] },
      nodes: [],
      rollout: { batch: 0 },
    });
    const refusal: unknown = await handle.result().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ cause: { type: 'Invalid' } });
    const { message } = (refusal as { cause: Error }).cause;
    expect(message).toContain('actons');
    expect(await engine.store.tasks.get(name)).toBeUndefined();
  });

  it('of a name that another task has is refused', async () => {
    const name = newTaskName('twice');
    await start(name, { template: nothing, nodes: ['127.0.0.1'] });
    await engine.drover.task(name).result();
    const other = await start(name, { template: nothing, nodes: ['127.0.0.1', '127.0.0.2'] });
    await expect(other.result()).rejects.toMatchObject({ cause: { type: 'NameInUse' } });
    expect(await engine.store.tasks.get(name)).toMatchObject({ status: 'ok', nodesTotal: 1 });
  });

  it('started again as it was runs nothing that is ok again', async () => {
    const name = newTaskName('same');
    const input = {
      template: {
        name: 'once',
        steps: [{ name: 'once', actions: [{ shell: `echo ran >> ${engine.folder}/${name}` }] }],
      },
      nodes: engine.nodes(2),
    };
    await start(name, input);
    await engine.drover.task(name).result();
    await start(name, input);
    await engine.drover.task(name).result();
    await eventually(async () => expect(await engine.lines(name)).toHaveLength(2));
  });
});
