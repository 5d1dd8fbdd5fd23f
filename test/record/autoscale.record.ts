import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { autoscaleId } from '../../model/autoscale/id.ts';
import { begin } from '../../model/autoscale/state.ts';
import { SCALING, Stage, World } from '../support/autoscaler.ts';
import { eventually } from '../support/eventually.ts';

const FOLDER = fileURLToPath(new URL('../fixtures/histories/', import.meta.url));

let stage: Stage;
let world: World;
let pool: string;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage.close());
beforeEach(() => {
  world = new World();
  pool = `recorded-${randomBytes(4).toString('hex')}`;
});

const workflow = () => stage.drover.client.workflow.getHandle(autoscaleId(stage.drover.taskQueue, pool));
const reading = (assertion: () => void) =>
  eventually(async () => {
    await stage.drover.autoscaler(pool).settingsChanged();
    assertion();
  });

async function record(name: string): Promise<void> {
  const history = historyToJSON(await workflow().fetchHistory());
  const text = JSON.stringify(JSON.parse(history)).replace(/"identity":"[^"]*"/g, '"identity":"recorded"');
  await writeFile(`${FOLDER}${name}.json`, text);
}

it('an autoscaler: grown, failed, without a metric, paused, shrunk, ended', async () => {
  const stop = await stage.startWorker(world);
  const autoscaler = stage.drover.autoscaler(pool);
  world.value = 600;
  await autoscaler.start();
  await reading(() => expect(world.nodes).toBe(6));
  Object.assign(world, { value: 800, isQuick: false });
  await reading(() => expect(world.tasks.size).toBe(2));
  world.end(world.lastTask, false);
  Object.assign(world, { value: null, isQuick: true });
  await reading(() => undefined);
  await autoscaler.pause();
  world.value = 300;
  await reading(() => undefined);
  await autoscaler.resume();
  await reading(() => expect(world.nodes).toBe(4));
  world.scaling = { ...SCALING, every: 10 };
  await autoscaler.settingsChanged();
  const { readings } = world;
  await eventually(() => expect(world.readings).toBeGreaterThan(readings + 2));
  world.scaling = null;
  await workflow().result();
  await record('autoscale');
  await stop();
});

it('an autoscaler that goes on in a new history', async () => {
  const stop = await stage.startWorker(world);
  await stage.drover.client.workflow.start('autoscale', {
    workflowId: autoscaleId(stage.drover.taskQueue, pool),
    taskQueue: stage.drover.taskQueue,
    args: [{ pool }, { ...begin(), paused: true, nodes: 4, wants: [{ at: 0, nodes: 4 }] }],
  });
  await reading(() => expect(world.readings).toBeGreaterThan(2));
  world.scaling = null;
  await stage.drover.autoscaler(pool).settingsChanged();
  await workflow().result();
  await record('autoscale-continued');
  await stop();
});
