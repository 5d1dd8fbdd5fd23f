import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { autoscaleId } from '../../model/autoscale/id.ts';
import type { AutoscaleView } from '../../model/autoscale/view.ts';
import { SCALING, Stage, World } from '../support/autoscaler.ts';
import { eventually } from '../support/eventually.ts';

let stage: Stage;
let world: World;
let pool: string;
let stopWorker: () => Promise<void>;

beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage.close());

beforeEach(async () => {
  world = new World();
  pool = `Web-${randomBytes(4).toString('hex')}`;
  stopWorker = await stage.startWorker(world);
});
afterEach(async () => {
  await workflow()
    .terminate()
    .catch(() => undefined);
  await stopWorker();
});

const autoscaler = () => stage.drover.autoscaler(pool);
const state = async (): Promise<AutoscaleView> => {
  const view = await autoscaler().state();
  if (!view) throw new Error('it does not run');
  return view;
};
/** Tells it to read until the assertion holds. */
const reading = (assertion: () => void | Promise<void>, options?: { within: number }) =>
  eventually(async () => {
    await autoscaler().settingsChanged();
    await assertion();
  }, options);
const workflow = () => stage.drover.client.workflow.getHandle(autoscaleId(stage.drover.taskQueue, pool));

describe('an autoscaler', () => {
  it('grows the pool to what the load takes, step by step, and shrinks it again', async () => {
    world.value = 1000;
    await autoscaler().start();
    await reading(() => expect(world.nodes).toBe(10));
    world.value = 310;
    await reading(() => expect(world.nodes).toBe(4));
    expect(world.actions).toEqual([
      ...[{ expand: { by: 4 } }, { expand: { by: 2 } }],
      ...[{ shrink: { by: 2 } }, { shrink: { by: 2 } }, { shrink: { by: 2 } }],
    ]);
    await reading(async () => expect(await state()).toMatchObject({ actions: { up: 2, down: 3 }, underWay: null }));
  });

  it('calls its tasks by the pool and the time', async () => {
    world.value = 500;
    await autoscaler().start();
    await reading(() => expect(world.nodes).toBe(5));
    expect(world.lastTask).toMatch(new RegExp(`^${pool}-auto-\\d{8}T\\d{6}-\\d{3}Z$`));
  });

  it('waits for its task to end before it does anything else', async () => {
    Object.assign(world, { value: 500, isQuick: false });
    await autoscaler().start();
    await eventually(async () => expect((await state()).underWay).toBe(world.lastTask));
    world.value = 2000;
    const { readings } = world;
    await reading(() => expect(world.readings).toBeGreaterThan(readings + 10));
    expect(world.actions).toEqual([{ expand: { by: 1 } }]);
    expect((await state()).decision?.why).toBe(`waits for task ${world.lastTask}, which has the pool`);
    world.isQuick = true;
    world.end(world.lastTask, true);
    await reading(() => expect(world.nodes).toBe(20));
  });

  it('leaves more and more time between actions that go wrong, and says why they did', async () => {
    Object.assign(world, { value: 500, isQuick: false, scaling: { ...SCALING, every: 10 } });
    await autoscaler().start();
    for (const times of [1, 2, 3]) {
      await reading(() => expect(world.tasks.size).toBe(times));
      world.end(world.lastTask, false);
    }
    const [first = 0, second = 0, third = 0] = [...world.tasks.values()].map(({ end }) => end?.at ?? 0);
    expect(second - first).toBeGreaterThanOrEqual(SCALING.cooldown.up);
    expect(third - second).toBeGreaterThanOrEqual(2 * SCALING.cooldown.up);
    await reading(async () => {
      const { last } = await state();
      expect(last.up).toMatchObject({ ok: false, reason: 'no spare is left' });
    });
  });

  it('goes on when the store was away', async () => {
    Object.assign(world, { value: 500, failures: 2 });
    await autoscaler().start();
    await reading(() => expect(world.nodes).toBe(5));
  });

  it('is one for a pool, however its name is written', async () => {
    await autoscaler().start();
    await stage.drover.autoscaler(pool.toUpperCase()).start();
    const { runId } = await workflow().describe();
    await stage.drover.autoscaler(pool.toLowerCase()).settingsChanged();
    expect((await workflow().describe()).runId).toBe(runId);
  });
});

describe('paused', () => {
  it('it goes on reading, says what it would do, and does it when resumed', async () => {
    await autoscaler().start();
    await autoscaler().pause();
    await eventually(async () => expect((await state()).paused).toBe(true));
    world.value = 700;
    await reading(async () =>
      expect((await state()).decision).toMatchObject({
        do: 'none',
        wanted: 7,
        why: expect.stringMatching(/^paused; /) as unknown,
      }),
    );
    expect(world.tasks.size).toBe(0);
    await autoscaler().resume();
    await reading(() => expect(world.nodes).toBe(7));
  });

  it('it cannot be when it does not run', async () => {
    await expect(autoscaler().pause()).rejects.toThrow(`pool ${pool} is not being scaled by its load`);
    expect(await autoscaler().state()).toBeUndefined();
  });
});

describe('settings that change', () => {
  it('are taken up at once when it is told, and with the next reading otherwise', async () => {
    await autoscaler().start();
    await eventually(async () => expect((await state()).nextReadingAt).not.toBeNull());
    world.scaling = { ...SCALING, target: 50, every: 100 };
    await autoscaler().settingsChanged();
    await eventually(() => expect(world.nodes).toBe(8));
    world.scaling = { ...SCALING, target: 40 };
    await eventually(() => expect(world.nodes).toBe(10));
  });

  it('end it when there are none any more, and it begins anew when there are', async () => {
    await autoscaler().start();
    world.scaling = null;
    await autoscaler().settingsChanged();
    await workflow().result();
    expect(await autoscaler().state()).toBeUndefined();
    world.scaling = SCALING;
    await autoscaler().settingsChanged();
    await eventually(async () => expect((await state()).reading?.nodes).toBe(4));
  });
});

describe('bringing in line', () => {
  it('starts what is missing and ends what is left', async () => {
    await stage.drover.keepAutoscalers([pool]);
    await eventually(async () => expect((await state()).reading).not.toBeNull());
    const { runId } = await workflow().describe();
    await eventually(async () => {
      await stage.drover.keepAutoscalers([pool]);
      expect((await workflow().describe()).runId).toBe(runId);
    });
    world.scaling = null;
    await stage.drover.keepAutoscalers([]);
    await workflow().result();
  });
});

describe('a worker that dies', () => {
  it('loses nothing: another one goes on with the same state', async () => {
    Object.assign(world, { value: 500, isQuick: false });
    await autoscaler().start();
    await eventually(async () => expect((await state()).underWay).not.toBeNull());
    const before = await state();
    await stopWorker();
    stopWorker = await stage.startWorker(world);
    expect(await state()).toMatchObject({ underWay: before.underWay, actions: { up: 1, down: 0 } });
    world.end(world.lastTask, true);
    await reading(async () => expect(await state()).toMatchObject({ underWay: null, reading: { nodes: 5 } }));
    expect(world.tasks.size).toBe(1);
  });
});

describe('weeks of it', () => {
  it('leave 11 events for each reading', async () => {
    world.scaling = { ...SCALING, every: 10 };
    await autoscaler().start();
    await eventually(() => expect(world.readings).toBeGreaterThan(3));
    const { events } = await workflow().fetchHistory();
    const readings = events?.flatMap(({ activityTaskScheduledEventAttributes: scheduled }, i) =>
      scheduled ? [i] : [],
    );
    const [, second = 0, third = 0] = readings ?? [];
    expect(third - second).toBe(11);
  });
});

it('shows in Temporal’s UI what it is at', async () => {
  world.value = null;
  await autoscaler().start();
  await eventually(async () => {
    const metadata = await workflow().query<{
      currentDetails: string;
      definition: { signalDefinitions: { name: string; description: string }[] };
    }>('__temporal_workflow_metadata');
    expect(metadata.currentDetails).toContain('| metric | none: gone |');
    expect(metadata.currentDetails).toContain('| decision | holds at 4 nodes: gone |');
    expect(
      metadata.definition.signalDefinitions.filter(({ description }) => description).map(({ name }) => name),
    ).toEqual(expect.arrayContaining(['pause', 'resume', 'settingsChanged']));
  });
});
