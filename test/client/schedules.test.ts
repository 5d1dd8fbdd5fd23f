import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { Drover } from '../../client/index.ts';
import type { WantedSchedule } from '../../client/schedule-plan.ts';
import { eventually } from '../support/eventually.ts';

let drover: Drover;
/** Of another Drover on the same Temporal. */
let neighbour: Drover;
beforeAll(async () => {
  const { address } = inject('shared').temporal;
  const connect = () => Drover.connect({ address, taskQueue: `schedules-${randomBytes(4).toString('hex')}` });
  [drover, neighbour] = await Promise.all([connect(), connect()]);
});
afterAll(async () => {
  await keep(drover);
  await keep(neighbour);
  await drover.close();
  await neighbour.close();
});
beforeEach(() => keep(drover));

const keep = (of: Drover, ...wanted: WantedSchedule[]) => of.schedules.bringInLine(() => Promise.resolve(wanted));

/** One that does not come by itself while the test runs. */
const schedule = (name: string, change: Partial<WantedSchedule> = {}): WantedSchedule => ({
  ...{ id: 7, name, pool: 'web', cron: '0 0 29 2 *', do: { expand: { to: 10 } } },
  ...change,
});

const describedBy = (of: Drover, name: string) => of.client.schedule.getHandle(`${of.taskQueue}/${name}`).describe();

describe("Temporal's Schedules", () => {
  it('are what the catalogue has', async () => {
    const wanted = schedule('Web Morning', {
      timezone: 'Asia/Shanghai',
      params: { a: 'b' },
      rollout: { batch: [2, '20%'] },
    });
    expect(await keep(drover, wanted)).toEqual([]);
    const { action, policies, spec, memo, state } = await describedBy(drover, 'web morning');
    expect(action).toMatchObject({
      ...{ workflowType: 'task', workflowId: 'Web-Morning:7', taskQueue: drover.taskQueue },
      staticSummary: '0 0 29 2 * Asia/Shanghai: expand web to 10',
      memo: { schedule: 'Web Morning', cron: '0 0 29 2 *', timezone: 'Asia/Shanghai' },
      args: [
        {
          ...{ pool: 'web', do: { expand: { to: 10 } }, params: { a: 'b' }, rollout: { batch: [2, '20%'] } },
          ...{ origin: { schedule: 'Web Morning' }, startedBy: 'schedule Web Morning' },
        },
      ],
    });
    expect(policies).toEqual({ overlap: 'SKIP', catchupWindow: 60_000, pauseOnFailure: false });
    expect(spec).toMatchObject({ timezone: 'Asia/Shanghai', calendars: [{ comment: '0 0 29 2 *' }] });
    expect([memo, state.note]).toEqual([{ drover: drover.taskQueue }, '0 0 29 2 * Asia/Shanghai: expand web to 10']);
  });

  it('are changed when that changes, and left alone when it does not', async () => {
    await keep(drover, schedule('one'), schedule('two'));
    const updates = async () =>
      (await Promise.all(['one', 'two'].map((name) => describedBy(drover, name)))).map(
        ({ info }) => info.lastUpdatedAt,
      );
    await keep(drover, schedule('one'), schedule('two'));
    expect(await updates()).toEqual([undefined, undefined]);
    await keep(drover, schedule('one'), schedule('two', { cron: '@yearly', overlap: 'queue', catchUp: 600_000 }));
    const { policies } = await describedBy(drover, 'two');
    expect(policies).toMatchObject({ overlap: 'BUFFER_ALL', catchupWindow: 600_000 });
    const [first, second] = await updates();
    expect([first, second instanceof Date]).toEqual([undefined, true]);
    await keep(drover, schedule('one'), schedule('TWO', { overlap: 'allow' }));
    expect((await describedBy(drover, 'two')).policies.overlap).toBe('ALLOW_ALL');
  });

  it('are made again when somebody has removed one', async () => {
    await keep(drover, schedule('removed'));
    await drover.client.schedule.getHandle(`${drover.taskQueue}/removed`).delete();
    await keep(drover, schedule('removed'));
    expect((await describedBy(drover, 'removed')).state.paused).toBe(false);
  });

  it('are removed when the catalogue has them no more, also by another process, and those of others stay', async () => {
    await keep(neighbour, schedule('mine'));
    await keep(drover, schedule('mine'), schedule('gone'));
    await keep(drover, schedule('mine'));
    expect(await drover.schedules.state('gone')).toBeUndefined();
    const { address } = inject('shared').temporal;
    const other = await Drover.connect({ address, taskQueue: drover.taskQueue });
    // Temporal's list of Schedules follows in its own time.
    await eventually(async () => {
      await keep(other);
      expect(await other.schedules.state('mine')).toBeUndefined();
    });
    await other.close();
    expect(await neighbour.schedules.state('mine')).toBeDefined();
  });

  it('stay paused when they are changed', async () => {
    await keep(drover, schedule('paused'));
    await drover.schedules.pause('Paused', 'sale');
    expect(await drover.schedules.state('paused')).toMatchObject({ paused: true, note: 'sale' });
    await keep(drover, schedule('paused', { cron: '@yearly' }));
    expect(await drover.schedules.state('paused')).toMatchObject({ paused: true, note: 'sale' });
    await drover.schedules.resume('paused');
    expect(await drover.schedules.state('paused')).toMatchObject({ paused: false, note: '' });
    expect((await describedBy(drover, 'paused')).state.note).toBe('@yearly UTC: expand web to 10');
  });

  it('that Temporal does not take are told, and the others are made', async () => {
    const [failure, ...more] = await keep(drover, schedule('far', { timezone: 'Mars/Olympus' }), schedule('near'));
    expect([failure?.name, more]).toEqual(['far', []]);
    expect(failure?.reason).toContain('Mars/Olympus');
    expect(await drover.schedules.state('near')).toBeDefined();
    await expect(drover.schedules.pause('far', 'x')).rejects.toThrow('Temporal does not have schedule far yet');
  });
});

it('names of tasks are alike only for one schedule', async () => {
  const long = 'x'.repeat(90);
  await keep(
    drover,
    schedule('web.1'),
    schedule('web 1', { id: 8 }),
    schedule('网 页', { id: 9 }),
    schedule(long, { id: 10 }),
  );
  const prefixes = await Promise.all(
    ['web.1', 'web 1', '网 页', long].map(async (name) => (await describedBy(drover, name)).action.workflowId),
  );
  expect(prefixes).toEqual(['web.1', 'web-1:8', '网-页:9', `${'x'.repeat(76)}:10`]);
});
