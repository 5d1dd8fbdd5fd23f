import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asking, seedCatalogue } from '../api/asking.ts';
import { serveApi, type Served } from '../api/served.ts';
import { commandLine, type Ran } from './command-line.ts';

let api: Served;
let folder: string;
let drover: (...args: string[]) => Promise<Ran>;
beforeAll(async () => {
  api = await serveApi();
  await seedCatalogue(asking(() => api));
  folder = await mkdtemp(join(tmpdir(), 'drover-schedule-'));
  drover = commandLine({ server: api.url, folder });
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true });
});

const schedule = (...args: string[]) => drover('schedule', ...args);
const json = async (...args: string[]) => JSON.parse((await schedule(...args, '--json')).stdout) as unknown;
const WEB = ['--pool', 'web', '--cron', '0 8 * * 1-5'];

describe('drover schedule', () => {
  it('add, list, show, remove', async () => {
    const made = await schedule('add', 'morning', ...WEB, '--timezone', 'Asia/Shanghai', '--expand-to', '10');
    expect([made.code, made.stderr]).toEqual([0, '']);
    expect(made.stdout).toContain('when         0 8 * * 1-5 Asia/Shanghai\ndoes         expand to 10\n');
    expect(made.stdout).toMatch(/\nnext\n( {2}\d{4}-\d\d-\d\d 08:00:00 \+08:00\n?){5}/);
    const listed = (await schedule('list')).stdout;
    expect(listed).toMatch(/^SCHEDULE +POOL +WHEN +TIME ZONE +DOES +NEXT +STATE\n/);
    expect(listed).toMatch(/morning +web +0 8 \* \* 1-5 +Asia\/Shanghai +expand to 10 +\S+ 08:00:00 \+08:00 +active\n/);
    expect(await json('show', 'morning')).toMatchObject({ name: 'morning', paused: false, overlap: 'skip' });
    expect(await schedule('remove', 'morning')).toMatchObject({ code: 0, stdout: '', stderr: 'morning is removed\n' });
    expect((await schedule('list')).stdout).toBe('no schedules\n');
  });

  it('add refuses what it cannot be', async () => {
    for (const [options, message] of [
      [[...WEB, '--expand-to', '3', '--deploy'], 'exactly one of --expand-by N'],
      [['--pool', 'web', '--cron', '0 25 * * *', '--deploy'], 'cron: hour has "25", expected 0 to 23'],
    ] as const) {
      const ran = await schedule('add', 'bad', ...options);
      expect([ran.code, ran.stdout]).toEqual([2, '']);
      expect(ran.stderr).toContain(message);
    }
  });

  it('pause, resume, trigger, backfill', async () => {
    const options = ['--deploy', '--param', 'tag=7', '--overlap', 'queue', '--catch-up', '10m', '--desc', 'd'];
    expect(await json('add', 'steered', ...WEB, ...options)).toMatchObject({
      ...{ do: { deploy: {} }, params: { tag: '7' }, overlap: 'queue', catchUp: '10m', desc: 'd', timezone: 'UTC' },
    });
    expect((await schedule('pause', 'steered', '--note', 'sale')).stdout).toContain('state        paused: sale\n');
    expect((await schedule('resume', 'steered')).stdout).toContain('state        active\n');
    expect(await schedule('trigger', 'steered')).toMatchObject({
      ...{ code: 0, stdout: 'steered-now\n', stderr: '  drover watch steered-now\n' },
    });
    const span = ['--from', '2026-11-02T08:00:00Z', '--to', '2026-11-03T08:00:00Z'];
    expect((await schedule('backfill', 'steered', ...span)).stdout).toBe('2 times of steered are made up for\n');
    expect(await schedule('pause', 'nope')).toMatchObject({ code: 2, stderr: 'there is no schedule named nope\n' });
  });
});
