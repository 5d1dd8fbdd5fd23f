import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefusals } from './refusals.ts';
import { serveOpendcp, TESTER, type OpendcpServer } from './serving.ts';

let server: OpendcpServer;
beforeAll(async () => {
  server = await serveOpendcp();
});
afterAll(() => server.close());

const NO_ROW = '<QuerySeter> no row found';
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

const cron = (time: string, others: object = {}) => ({
  ...{ instance_num: 4, concurr_ratio: 0, concurr_num: 0, week_day: 0, time, ignore: 0 },
  ...others,
});
const depend = (pool_id: number, others: object = {}) => ({
  ...{ pool_id, ratio: 0.5, elastic_count: 1, step_name: '', ignore: 0 },
  ...others,
});
const task = (pool_id: number, others: object = {}) => ({
  ...{ id: 0, pool_id, cron_itmes: [], depend_itmes: [], type: 'expand', exec_type: 'crontab' },
  ...others,
});

interface Shown {
  id: number;
  cron_items: { id: number; time: string }[];
  depend_items: { id: number; pool: { id: number } }[];
}
const shown = async (pool: number, list = 'expandList') => (await server.data(`/task/${list}/${pool}`)) as Shown | null;
const save = (body: object) => server.data('/task/saveTask', body);
const schedules = () => server.store.catalogue.schedules.all();
const poolOf = async (id: number) => (await server.store.catalogue.pools.get(id)) ?? { dependsOn: undefined };
const flags = async (name: string) => {
  const pools = (await server.data('/pool/list?page_size=100')) as Record<string, unknown>[];
  const pool = pools.find((one) => one['name'] === name);
  return [pool?.['is_hascron'], pool?.['is_bedepen']];
};

describe('/task/saveTask', () => {
  it('keeps cron items as schedules, which Temporal is told of', async () => {
    const items = [
      cron('08:00:00', { week_day: 2, concurr_ratio: 20, concurr_num: 3 }),
      cron('22:30:59', { instance_num: 0 }),
      cron('9:5', { ignore: 1 }),
    ];
    expect(await save(task(2, { cron_itmes: items }))).toBe(true);
    const scheduled = { of: 'scheduled' };
    expect(await schedules()).toMatchObject([
      {
        ...{ name: 'shop-pool-crontab-0800', poolId: 2, cron: '0 8 * * 1', timezone: ZONE },
        ...{ action: { scale: { to: 4, ...scheduled } }, rollout: { batch: ['20%', 3] } },
      },
      {
        name: 'shop-pool-crontab-2230',
        cron: '30 22 * * *',
        action: { scale: { to: 0, ...scheduled } },
        rollout: null,
      },
    ]);
    expect([...server.temporal.schedules.present.keys()]).toEqual(['shop-pool-crontab-0800', 'shop-pool-crontab-2230']);
    expect(await shown(2)).toEqual({
      id: expect.any(Number) as unknown,
      pool: {
        ...{ id: 2, name: 'shop-pool', desc: '网店池', vm_type: 3, sd_id: 1 },
        tasks: '{"deploy":6,"expand":4,"shrink":5}',
      },
      cron_items: [
        { id: 1, instance_num: 4, concurr_ratio: 20, concurr_num: 3, week_day: 2, time: '08:00:00', ignore: false },
        { id: 2, instance_num: 0, concurr_ratio: 0, concurr_num: 0, week_day: 0, time: '22:30:59', ignore: false },
        { id: 3, instance_num: 4, concurr_ratio: 0, concurr_num: 0, week_day: 0, time: '09:05:00', ignore: true },
      ],
      ...{ depend_items: [], type: 'expand', exec_type: 'crontab' },
    });
    expect([await flags('shop-pool'), await flags('cache-pool')]).toEqual([
      [1, 0],
      [0, 0],
    ]);
  });

  it('does at once nothing', () => {
    expect(server.temporal.submitted).toEqual([]);
    expect(server.temporal.schedules.told).toEqual([]);
  });

  it('writes all items anew, and leaves a schedule paused that was', async () => {
    await server.temporal.schedules.pause('shop-pool-crontab-0800', 'sale');
    const id = (await shown(2))?.id;
    await save(task(2, { id, cron_itmes: [cron('08:00:00', { instance_num: 6 })] }));
    expect((await shown(2))?.cron_items).toMatchObject([{ id: 4, instance_num: 6 }]);
    expect(await schedules()).toMatchObject([{ name: 'shop-pool-crontab-0800', action: { scale: { to: 6 } } }]);
    expect(await server.temporal.schedules.state('shop-pool-crontab-0800')).toMatchObject({ paused: true });
  });

  it('leaves alone what was edited or removed otherwise since, and lists it no more', async () => {
    const id = (await shown(2))?.id;
    await save(task(2, { id, cron_itmes: [cron('08:00:00'), cron('09:00:00')] }));
    await server.store.catalogue.change(TESTER, async (edit) => {
      const [first, second] = await edit.schedules.all();
      await edit.schedules.update(first?.id ?? 0, { cron: '5 8 * * *', opendcp: null });
      await edit.schedules.remove(second?.id ?? 0);
    });
    expect((await shown(2))?.cron_items).toEqual([]);
    await save(task(2, { id, cron_itmes: [cron('08:00:00')] }));
    expect((await schedules()).map(({ name }) => name)).toEqual(['shop-pool-crontab-0800', 'shop-pool-crontab-0800-2']);
    await server.store.catalogue.change(TESTER, async (edit) => {
      for (const schedule of await edit.schedules.all()) await edit.schedules.remove(schedule.id);
    });
    await save(task(2, { id }));
    expect([await schedules(), await flags('shop-pool')]).toEqual([[], [0, 0]]);
  });

  it('has other pools grow with the pool: its depend items', async () => {
    const items = [depend(3), depend(4, { ratio: 2, elastic_count: 0, step_name: 'register', ignore: 1 })];
    await save(task(1, { depend_itmes: items, exec_type: 'depend' }));
    expect(await poolOf(1)).toMatchObject({
      dependsOn: [{ pool: 'cache-pool', ratio: 0.5, extra: 1, before: expect.any(String) as unknown }],
    });
    expect((await shown(1))?.depend_items).toMatchObject([
      {
        ratio: 0.5,
        elastic_count: 1,
        step_name: '',
        ignore: false,
        pool: { id: 3, tasks: expect.any(String) as unknown },
      },
      { ratio: 2, elastic_count: 0, step_name: 'register', ignore: true, pool: { id: 4 } },
    ]);
    expect([await flags('cache-pool'), await flags('batch-pool')]).toEqual([
      [0, 1],
      [0, 0],
    ]);
    const id = (await shown(1))?.id;
    await save(task(1, { id }));
    expect((await poolOf(1)).dependsOn).toBeNull();
  });

  it('keeps tasks of other types, which come to nothing, and lists those of type deploy', async () => {
    await save(task(1, { type: 'deploy', cron_itmes: [cron('03:00:00')] }));
    await save(task(1, { type: 'upload', cron_itmes: [cron('04:00:00')] }));
    await save(task(3, { exec_type: 'whatever', cron_itmes: [cron('05:00:00')] }));
    expect(await schedules()).toEqual([]);
    expect(await shown(1, 'uploadList')).toMatchObject({ type: 'deploy', cron_items: [{ time: '03:00:00' }] });
    expect(await shown(3)).toMatchObject({ exec_type: 'whatever', cron_items: [{ time: '05:00:00' }] });
    expect(await shown(4)).toBeNull();
    expect(await shown(999)).toBeNull();
    expect(await flags('front-pool')).toEqual([1, 0]);
  });

  it('refuses, and nothing is kept', async () => {
    const id = (await shown(1))?.id;
    const items = (...cron_itmes: object[]) => task(4, { cron_itmes });
    const depends = (...depend_itmes: object[]) => task(4, { depend_itmes });
    await expectRefusals(server, [
      ['/task/saveTask', '{', 400, 'unexpected end of JSON input'],
      ['/task/saveTask', task(4, { cron_itmes: 'x' }), 400, /cron_itmes/],
      ['/task/saveTask', task(999), 404, NO_ROW],
      ['/task/saveTask', task(4, { id: 999 }), 404, NO_ROW],
      ['/task/saveTask', task(4, { id }), 400, `the current exec_task: ${id ?? ''}, pool id: 1 is wrong`],
      ['/task/saveTask', task(1), 400, `the pool has an exec_task of type expand already: id ${id ?? ''}`],
      [
        '/task/saveTask',
        items(cron('08:00:00'), cron('08:00', { week_day: 2 })),
        400,
        'Cron time 08:00:00 is duplicate!',
      ],
      ['/task/saveTask', items(cron('')), 400, 'time is "", expected HH:MM:SS, 00:00:00 to 23:59:59'],
      ['/task/saveTask', items(cron('25:61:00')), 400, /time is "25:61:00"/],
      ['/task/saveTask', items(cron('aa:bb')), 400, /time is "aa:bb"/],
      ['/task/saveTask', items(cron('08:00', { week_day: 8 })), 400, 'week_day is 8, expected 0 to 7'],
      ['/task/saveTask', items(cron('08:00', { instance_num: -1 })), 400, /instance_num is -1/],
      ['/task/saveTask', items(cron('08:00', { concurr_ratio: 101 })), 400, /concurr_ratio is 101/],
      ['/task/saveTask', items(cron('08:00', { ignore: true })), 400, /ignore/],
      ['/task/saveTask', depends(depend(999)), 404, NO_ROW],
      ['/task/saveTask', depends(depend(3), depend(3)), 400, 'Depend pool cache-pool is duplicate!'],
      ['/task/saveTask', depends(depend(3, { ratio: '0.5' })), 400, /ratio/],
      ['/task/saveTask', depends(depend(3, { ratio: -1 })), 400, /ratio is -1/],
      [
        '/task/saveTask',
        depends(depend(3, { step_name: 'nope' })),
        400,
        /^step_name nope is not in the expand template: /,
      ],
      ['/task/saveTask', depends(depend(4)), 400, /cycle: batch-pool → batch-pool/],
    ]);
    expect([await shown(4), await schedules()]).toEqual([null, []]);
  });
});

describe('/pool/delete/:id', () => {
  it('takes along what was saved for the pool, and keeps a pool that another depends on', async () => {
    const id = await server.id('/pool/create', { name: 'away', service_id: 1, tasks: { expand: 1 } });
    await save(task(id, { cron_itmes: [cron('08:00:00')], depend_itmes: [depend(4)] }));
    await expectRefusals(server, [['/pool/delete/4', undefined, 400, 'used by pool away']]);
    expect(await server.data(`/pool/delete/${id}`)).toEqual({});
    expect([await shown(id), await schedules()]).toEqual([null, []]);
    expect(server.temporal.schedules.present.size).toBe(0);
  });
});
