import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TaskHandle } from '../../client/index.ts';
import { queueId } from '../../model/pool/queue-id.ts';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { applyAll, poolNamed, SERVICE, templatesOf } from '../support/pools.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = join(ROOT, 'test/fixtures/histories');

let engine: Engine;
beforeAll(async () => {
  await mkdir(FOLDER, { recursive: true });
  engine = await Engine.start();
});
afterAll(async () => {
  await engine.close();
});

const template = (shell: string) => ({
  name: 'recorded',
  steps: [
    { name: 'prepare', actions: [{ shell: 'true' }] },
    { name: 'start', actions: [{ shell }], retry: { times: 1, delay: '10ms' } },
  ],
});

const start = (shell: string, nodes: number, rollout: object) =>
  engine.drover.run({ name: newTaskName('recorded'), template: template(shell), nodes: engine.nodes(nodes), rollout });

/** The newest run of the task and of each of its batches, as Temporal has them. */
async function record(name: string, task: TaskHandle): Promise<void> {
  const { workflow } = engine.drover.client;
  const ids = [task.name];
  for await (const { workflowId } of workflow.list({ query: `WorkflowId STARTS_WITH '${task.name}/'` }))
    ids.push(workflowId);
  for (const id of ids) {
    const history = await workflow.getHandle(id).fetchHistory();
    const text = JSON.stringify(JSON.parse(historyToJSON(history)))
      .replace(/"identity":"[^"]*"/g, '"identity":"recorded"')
      .replaceAll(ROOT, '');
    const suffix = id === task.name ? '' : `-${id.split('/')[1] ?? ''}`;
    await writeFile(join(FOLDER, `${name}${suffix}.json`), text);
  }
}

const marker = (name: string) => join(engine.folder, name);
const paused = (task: TaskHandle) =>
  eventually(async () => expect((await task.progress()).status).toBe('paused'), { within: 60_000 });

it('finished', async () => {
  const task = await start('true', 12, { batch: 6, canary: 1, bake: '50ms' });
  await task.result();
  await record('finished', task);
});

it('in lanes, order node', async () => {
  const task = await start('true', 12, { batch: 6, lanes: 2, order: 'node' });
  await task.result();
  await record('lanes', task);
});

it('paused, edited, resumed', async () => {
  const task = await start('sleep 0.3', 6, { batch: 2 });
  await task.pause();
  await paused(task);
  await task.setRollout({ batch: 3, maxFailures: 1 });
  await task.resume();
  await task.result();
  await record('paused', task);
});

it('failed', async () => {
  const task = await start('false', 4, { batch: 2 });
  await task.result().catch(() => undefined);
  await record('failed', task);
});

it('budget spent, skipped, retried', async () => {
  const task = await start(`test -e ${marker('repaired')}`, 6, { batch: 3, maxFailures: 1 });
  await paused(task);
  await task.skip(['n01']);
  await writeFile(marker('repaired'), '');
  await task.retry();
  await task.result();
  await record('retried', task);
});

it('failed and gone on with', async () => {
  const task = await start(`test -e ${marker('again')}`, 4, { batch: 4 });
  await task.result().catch(() => undefined);
  await writeFile(marker('again'), '');
  await task.retry();
  await task.result();
  await record('resumed', task);
});

it('stopped, killed, cancelled', async () => {
  for (const [name, end] of [
    ['stopped', (task: TaskHandle) => task.stop()],
    ['killed', (task: TaskHandle) => task.stop({ kill: true })],
    ['cancelled', (task: TaskHandle) => engine.drover.client.workflow.getHandle(task.name).cancel()],
  ] as const) {
    const task = await start(`touch ${marker(name)}; sleep 1`, 4, { batch: 2 });
    await eventually(async () => expect(await engine.files()).toContain(name));
    await end(task);
    await task.result().catch(() => undefined);
    await record(name, task);
  }
});

it('paused in Temporal', async () => {
  const task = await start('sleep 0.3', 4, { batch: 2 });
  const { connection, namespace } = engine.drover;
  await connection.workflowService.pauseWorkflowExecution({ namespace, workflowId: task.name, requestId: 'recorded' });
  await eventually(async () => expect((await task.execution()).state).toBe('paused'));
  await task.resume();
  await task.result();
  await record('paused-in-temporal', task);
});

it('over a pool: waiting for its turn, expanded, shrunk, stopped before its turn', async () => {
  const node = { ...engine.nodes(1)[0] };
  await applyAll(engine.store, [
    ...SERVICE,
    ...templatesOf('recorded', {
      expand: [{ use: 'create_vm' }, { name: 'install', actions: [{ shell: 'true' }] }],
      shrink: [{ use: 'drain' }, { use: 'return_vm' }],
      deploy: [{ name: 'wait', actions: [{ shell: engine.waitingFor('deployed') }] }],
    }),
    poolNamed('recorded', { nodes: [node], provider: { ssh: { spares: engine.nodes(7).slice(1) } } }),
  ]);
  const over = (kind: string) => ({ pool: 'recorded', name: newTaskName(kind) });
  const deployed = await engine.drover.deploy(over('deploy'));
  await eventually(async () => expect((await deployed.progress()).status).toBe('running'));
  const stopped = await engine.drover.deploy(over('deploy'));
  const expanded = await engine.drover.expand({ ...over('expand'), count: 4, rollout: { batch: 2, order: 'node' } });
  const shrunk = await engine.drover.shrink({ ...over('shrink'), to: 3 });
  const hasty = await engine.drover.deploy({ ...over('deploy'), now: true });
  await hasty.result().catch(() => undefined);
  await eventually(async () => expect(await engine.drover.queueOf('recorded')).toHaveLength(4));
  await stopped.stop();
  await stopped.result().catch(() => undefined);
  await record('pool-queue', engine.drover.task(queueId(engine.drover.taskQueue, 'recorded')));
  await writeFile(marker('deployed'), '');
  await Promise.all([deployed, expanded, shrunk].map((task) => task.result()));
  await record('pool-deploy', deployed);
  await record('pool-stopped', stopped);
  await record('pool-busy', hasty);
  await record('pool-expand', expanded);
  await record('pool-shrink', shrunk);
  await eventually(async () => expect(await engine.drover.queueOf('recorded')).toEqual([]));
  await record('pool-queue-ended', engine.drover.task(queueId(engine.drover.taskQueue, 'recorded')));
});
