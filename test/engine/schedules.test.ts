import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ScheduleState } from '../../client/schedules.ts';
import { keepInLine } from '../../worker/in-line.ts';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { applyAll, poolNamed, poolOf, SERVICE, templatesOf } from '../support/pools.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.start();
  await applyAll(engine.store, SERVICE);
});
afterAll(async () => {
  await engine.close();
});

const schedules = () => engine.drover.schedules;

/** A pool of spare machines and one node, whose deployments run until a file is there; with a name that no other test has. */
async function pool(): Promise<string> {
  const name = newTaskName('pool');
  const [node, ...spares] = engine.nodes(4);
  await applyAll(engine.store, [
    ...templatesOf(name, {
      expand: [{ use: 'create_vm' }],
      shrink: [{ use: 'return_vm' }],
      deploy: [
        {
          name: 'wait',
          actions: [
            { shell: `${engine.waitingFor(`${name}-go`)}; echo {{task.name}} >> ${engine.folder}/${name}-ran` },
          ],
        },
      ],
    }),
    poolNamed(name, { nodes: [node], provider: { ssh: { spares } } }),
  ]);
  return name;
}

/** A schedule in the catalogue and in Temporal, with the pool's name. */
async function scheduled(name: string, document: object): Promise<void> {
  await applyAll(engine.store, [{ kind: 'schedule', name, pool: name, ...document }]);
  await keepInLine(engine.store, engine.drover);
}

/** Away with all schedules, from the catalogue first. */
afterEach(async () => {
  await engine.store.catalogue.change({ name: 'test', role: 'admin', via: 'local', from: null }, async (edit) => {
    for (const { id } of await edit.schedules.all()) await edit.schedules.remove(id);
  });
  await keepInLine(engine.store, engine.drover);
});

async function state(name: string): Promise<ScheduleState> {
  const found = await schedules().state(name);
  if (!found) throw new Error(`Temporal has no schedule ${name}`);
  return found;
}

const finished = (task: string) =>
  eventually(async () => expect(await engine.store.tasks.get(task)).toMatchObject({ status: 'ok' }), {
    within: 20_000,
  });

describe('a schedule', () => {
  it('does with its pool what it says, each time it comes', async () => {
    const name = await pool();
    await scheduled(name, { cron: '@every 2s', do: { scale: { to: 2, of: 'scheduled' } } });
    const { recent } = await eventually(
      async () => {
        const now = await state(name);
        expect(now.recent.length).toBeGreaterThanOrEqual(3);
        return now;
      },
      { within: 30_000 },
    );
    for (const { task, scheduledAt } of recent) {
      expect(scheduledAt.getTime() % 2000).toBe(0);
      expect(task).toBe(`${name}-${scheduledAt.toISOString().replace('.000Z', 'Z')}`);
    }
    const first = recent.at(-1)?.task ?? '';
    await finished(first);
    expect(await engine.store.tasks.get(first)).toMatchObject({
      ...{ kind: 'expand', pool: name, startedBy: `schedule ${name}`, nodesTotal: 2 },
    });
    const { nodes } = await poolOf(engine.store, name);
    expect(nodes.map(({ nodeType }) => nodeType).filter((type) => type === 'crontab')).toHaveLength(2);
  });

  it('is made and changed by a worker when nobody else has, by one at a time', async () => {
    const name = await pool();
    await scheduled(name, { cron: '@yearly', do: { shrink: { by: 1 } } });
    const id = `${engine.drover.taskQueue}/${name}`;
    await engine.drover.client.schedule.getHandle(id).delete();
    await keepInLine(engine.store, engine.drover);
    expect(await state(name)).toMatchObject({ paused: false, recent: [] });
    expect(await engine.store.leases.take('in-line', 'another worker', 60_000)).toBe(true);
    await scheduled(name, { cron: '@monthly', do: { shrink: { by: 1 } } });
    const line = async () => (await engine.drover.client.schedule.getHandle(id).describe()).action.memo?.['cron'];
    expect(await line()).toBe('@yearly');
    await engine.store.leases.release('in-line', 'another worker');
    await keepInLine(engine.store, engine.drover);
    expect(await line()).toBe('@monthly');
  });
});

describe('when its pool is busy', () => {
  /** Deploys every second, with the pool's first deployment under way and at least `times` more that came meanwhile. */
  async function busy(overlap: string, isThere: (now: ScheduleState) => boolean): Promise<[string, ScheduleState]> {
    const name = await pool();
    await scheduled(name, { cron: '@every 1s', do: { deploy: {} }, overlap });
    const now = await eventually(
      async () => {
        const found = await state(name);
        expect(isThere(found)).toBe(true);
        return found;
      },
      { within: 30_000 },
    );
    return [name, now];
  }

  it('skip: times are left out', async () => {
    const [name, now] = await busy('skip', ({ skipped }) => skipped >= 2);
    expect([now.running.length, now.recent.length]).toEqual([1, 1]);
    await eventually(async () => expect(await engine.drover.queueOf(name)).toEqual(now.running));
    await engine.touch(`${name}-go`);
    await finished(now.running[0] ?? '');
    await eventually(async () => expect((await state(name)).recent.length).toBeGreaterThan(1));
  });

  it('queue: each waits until the one before has ended', async () => {
    const name = await pool();
    await scheduled(name, { cron: '0 0 29 2 *', do: { deploy: {} }, overlap: 'queue' });
    await schedules().backfill(name, { from: new Date('2020-01-01'), to: new Date('2029-01-01') });
    const { running, recent } = await eventually(async () => {
      const now = await state(name);
      expect(now.running).toHaveLength(1);
      return now;
    });
    expect(recent.map(({ task }) => task)).toEqual(running);
    await eventually(async () => expect(await engine.drover.queueOf(name)).toEqual(running));
    await engine.touch(`${name}-go`);
    const years = [2028, 2024, 2020];
    await eventually(
      async () =>
        expect((await state(name)).recent.map(({ task }) => task)).toEqual(
          years.map((year) => `${name}-${year}-02-29T00:00:00Z`),
        ),
      { within: 30_000 },
    );
    await finished(`${name}-2028-02-29T00:00:00Z`);
  });

  it('allow: each is started, and waits for its turn in the pool', async () => {
    const [name] = await busy('allow', ({ recent }) => recent.length >= 3);
    await schedules().pause(name, 'enough');
    await eventually(async () => expect((await engine.drover.queueOf(name)).length).toBeGreaterThanOrEqual(3));
    await engine.touch(`${name}-go`);
    await eventually(async () => expect(await engine.drover.queueOf(name)).toEqual([]), { within: 30_000 });
  });
});

describe('while it is paused', () => {
  it('nothing comes by itself; it is triggered, and made up for, all the same', async () => {
    const name = await pool();
    await engine.touch(`${name}-go`);
    await scheduled(name, { cron: '@every 1s', do: { deploy: {} } });
    await schedules().pause(name, 'test');
    const before = (await state(name)).recent.length;
    const task = await schedules().trigger(name);
    await finished(task);
    await backfilled(name, before + 1);
    const times = [1, 2, 3].map((second) => `${name}-2026-01-01T00:00:0${second}Z`);
    await eventually(async () =>
      expect((await engine.lines(`${name}-ran`)).toSorted()).toEqual([...times, task].toSorted()),
    );
    // The same tasks again, and there is nothing left of them to do.
    await backfilled(name, before + 4);
    await finished(times[2] ?? '');
    expect(await engine.lines(`${name}-ran`)).toHaveLength(4);
  });

  /** Three times of one second each; resolves when their tasks have been started, after `before` others. */
  async function backfilled(name: string, before: number): Promise<void> {
    await schedules().backfill(name, { from: new Date('2026-01-01T00:00:01Z'), to: new Date('2026-01-01T00:00:03Z') });
    const { recent } = await eventually(
      async () => {
        const now = await state(name);
        expect(now.recent).toHaveLength(before + 3);
        expect(now.running).toEqual([]);
        return now;
      },
      { within: 20_000 },
    );
    expect(recent.slice(0, 3).map(({ task }) => task)).toEqual([3, 2, 1].map((s) => `${name}-2026-01-01T00:00:0${s}Z`));
  }
});
