import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TemporalUnreachable } from '../../client/errors.ts';
import { asking, seedCatalogue } from './asking.ts';
import { seedTask, serveApi, type Served } from './served.ts';

let api: Served;
const ask = asking(() => api);
beforeAll(async () => {
  api = await serveApi();
  await seedCatalogue(ask);
});
afterAll(() => api.close());
beforeEach(() => {
  api.temporal.schedules.broken = undefined;
});

const MORNING = {
  ...{ name: 'Web morning', pool: 'web', cron: '0 8 * * 1-5', timezone: 'Asia/Shanghai' },
  ...{ do: { expand: { to: 10 } }, overlap: 'queue', catchUp: '5m' },
};
const place = (name: string, rest = '') => `/api/v1/schedules/${encodeURIComponent(name)}${rest}`;
const remove = (name: string) => ask('DELETE', place(name), undefined, { 'if-match': '*' });
const present = () => [...api.temporal.schedules.present.keys()];

describe('a schedule', () => {
  it('is made, read, listed, replaced and removed, and Temporal follows', async () => {
    const made = await ask('POST', '/api/v1/schedules', MORNING);
    expect([made.status, made.etag]).toEqual([201, '"1"']);
    expect(made.json).toMatchObject({ ...MORNING, paused: false, note: '', running: [], recentRuns: [] });
    expect(made.json['nextRuns']).toHaveLength(5);
    for (const run of made.json['nextRuns'] as string[]) expect(run).toMatch(/^\d{4}-\d\d-\d\dT08:00:00\+08:00$/);
    expect(api.temporal.schedules.present.get('web morning')?.wanted).toMatchObject({
      ...{ name: 'Web morning', pool: 'web', cron: '0 8 * * 1-5', do: { expand: { to: 10 } }, catchUp: 300_000 },
      id: made.json['id'],
    });

    const { json } = await ask('GET', place('web MORNING'));
    expect(json).toEqual(made.json);
    const [listed] = (await ask('GET', '/api/v1/schedules?pool=web')).json.items;
    expect(listed).toMatchObject({ name: 'Web morning', paused: false, nextRun: (json['nextRuns'] as string[])[0] });
    expect((await ask('GET', '/api/v1/schedules?pool=nope')).json.error.path).toBe('pool');

    const put = await ask('PUT', place('Web morning'), { ...json, cron: '30 9 * * *' }, { 'if-match': made.etag });
    expect([put.status, put.etag, put.json['cron']]).toEqual([200, '"2"', '30 9 * * *']);
    expect(api.temporal.schedules.present.get('web morning')?.wanted.cron).toBe('30 9 * * *');
    expect((await remove('Web morning')).status).toBe(204);
    expect(present()).toEqual([]);
  });

  it('says what goes without saying', async () => {
    const { json } = await ask('POST', '/api/v1/schedules', {
      ...{ name: 'plain', pool: 'web', cron: ' @daily ', do: { deploy: { params: { tag: 7 } } } },
    });
    expect(json).toMatchObject({ cron: '@daily', timezone: 'UTC', overlap: 'skip', catchUp: '1m' });
    expect(json).toMatchObject({ do: { deploy: {} }, params: { tag: '7' } });
    await remove('plain');
  });

  it('is refused with all that is wrong with it, and nothing is made', async () => {
    for (const [change, paths, message] of [
      [{ cron: '0 25 * * 8' }, ['cron', 'cron'], /hour has "25".*\n.*day of week has "8"/],
      [{ cron: '@reboot', timezone: 'Mars', do: {} }, ['cron', 'timezone', 'do'], /@reboot.*\n.*IANA/],
      [{ pool: 'nope' }, ['pool'], /no pool named nope/],
      [{ do: { release: {} } }, ['do'], /is release, expected one of expand, shrink, deploy, scale/],
      [{ do: { expand: { to: 3, by: 2 } } }, ['do.expand'], /exactly one of by, to/],
      [{ do: { deploy: { params: {} } }, params: {} }, ['do.deploy.params'], /unknown key/],
      [{ overlap: 'maybe' }, ['overlap'], /skip or queue or allow/],
      [{ catchUp: '1s' }, ['catchUp'], /10s to 168h/],
      [{ crn: 'x' }, ['crn'], /unknown key, expected .*cron/],
    ] as const) {
      const { status, json } = await ask('POST', '/api/v1/schedules', { ...MORNING, name: 'bad', ...change });
      const { problems = [{ path: json.error.path }] } = json.error;
      expect([status, problems.map(({ path }) => path)]).toEqual([400, paths]);
      expect(json.error.message).toMatch(message);
    }
    expect(present()).toEqual([]);
  });

  it('keeps its pool', async () => {
    await ask('POST', '/api/v1/pools', { name: 'kept', service: 'shop-web' });
    await ask('POST', '/api/v1/schedules', { ...MORNING, name: 'keeper', pool: 'kept' });
    const { status, json } = await ask('DELETE', '/api/v1/pools/kept', undefined, { 'if-match': '*' });
    expect(status).toBe(409);
    expect(json.error.message).toContain('used by schedule keeper');
    await remove('keeper');
    expect((await ask('DELETE', '/api/v1/pools/kept', undefined, { 'if-match': '*' })).status).toBe(204);
  });

  it('is one of the documents that are applied and exported', async () => {
    const schedule = { kind: 'schedule', ...MORNING };
    const apply = (body: object) => ask('POST', '/api/v1/apply', body);
    expect((await apply({ documents: [schedule], dryRun: true })).json['changes']).toMatchObject([
      { change: 'create' },
    ]);
    expect(present()).toEqual([]);
    await apply({ documents: [schedule] });
    expect(present()).toEqual(['web morning']);
    const { json } = await ask('GET', '/api/v1/export');
    expect(json['documents']).toContainEqual(schedule);
    expect((await apply({ documents: json['documents'] })).json['changes']).toEqual([]);
    const changed = await apply({ documents: [{ ...schedule, cron: '@weekly', catchUp: '1m' }] });
    expect(changed.json['changes']).toMatchObject([
      { change: 'update', fields: [{ path: 'cron', before: '0 8 * * 1-5', after: '@weekly' }, { path: 'catchUp' }] },
    ]);
    await remove('Web morning');
  });
});

describe('while it is there', () => {
  beforeAll(() => ask('POST', '/api/v1/schedules', { ...MORNING, name: 'steered' }));
  afterAll(() => remove('steered'));
  const steer = (what: string, body?: object) => ask('POST', place('steered', `/${what}`), body);

  it('it is paused and resumed, and stays paused when it is edited', async () => {
    expect((await steer('pause', { note: 'sale' })).json).toMatchObject({ paused: true, note: 'sale' });
    await ask('PUT', place('steered'), { ...MORNING, name: 'steered', desc: 'x' }, { 'if-match': '*' });
    expect((await ask('GET', place('steered'))).json).toMatchObject({ paused: true, note: 'sale', desc: 'x' });
    expect((await steer('resume')).json).toMatchObject({ paused: false, note: '' });
    expect((await steer('pause')).json).toMatchObject({ paused: true, note: 'by somebody' });
    await steer('resume');
  });

  it('its task is started at once, or for times that have passed', async () => {
    expect((await steer('trigger')).json).toEqual({ task: 'steered-now' });
    const span = { from: '2026-11-02T08:00:00+08:00', to: '2026-11-06T08:00:00+08:00' };
    expect((await steer('backfill', span)).json).toEqual({ runs: 5 });
    expect(api.temporal.schedules.told.at(-1)).toBe(
      'steered: backfill 2026-11-02T00:00:00.000Z 2026-11-06T00:00:00.000Z',
    );
    expect((await steer('backfill', { ...span, overlap: 'allow' })).status).toBe(200);
    for (const [wrong, message] of [
      [{ ...span, to: '2026-11-01T00:00:00Z' }, /no time from one to the other/],
      [{ ...span, to: '2027-11-01T00:00:00Z' }, /more than 100 times/],
      [{ ...span, to: 'tomorrow' }, /^to: /],
    ] as const) {
      const { status, json } = await steer('backfill', wrong);
      expect(status).toBe(400);
      expect(json.error.message).toMatch(message);
    }
  });

  it('who did what is in the audit', async () => {
    await steer('pause', { note: 'why not' });
    const { json } = await ask('GET', '/api/v1/audit?kind=schedule&name=steered&limit=2');
    expect(json.items[0]).toMatchObject({ action: 'schedule.pause', after: { note: 'why not' }, outcome: 'ok' });
    await steer('resume');
  });

  it('one that nobody knows is not found', async () => {
    for (const what of ['pause', 'resume', 'trigger'])
      expect((await ask('POST', place('nope', `/${what}`))).status).toBe(404);
  });
});

it('names of its tasks have a time in them, with its colons', async () => {
  const name = 'web-2026-11-21T08:00:00Z';
  await seedTask(api, name);
  for (const path of [name, encodeURIComponent(name)])
    expect((await ask('GET', `/api/v1/tasks/${path}`)).json).toMatchObject({ name, status: 'running' });
  expect((await ask('POST', `/api/v1/tasks/${name}/pause`)).status).toBe(200);
  expect(api.temporal.told).toContain(`${name}: pause`);
  expect((await fetch(`${api.url}/api/v1/tasks/${name}/log`)).status).toBe(200);
});

describe('while Temporal is away', () => {
  it('changes stand, reading says that nothing is known, and steering is refused', async () => {
    api.temporal.schedules.broken = new TemporalUnreachable('Temporal does not answer');
    const made = await ask('POST', '/api/v1/schedules', { ...MORNING, name: 'later' });
    expect([made.status, made.json['paused']]).toEqual([201, null]);
    expect(made.json['nextRuns']).toHaveLength(5);
    expect((await ask('GET', '/api/v1/schedules')).json.items).toMatchObject([{ name: 'later', paused: null }]);
    expect((await ask('POST', place('later', '/pause'))).status).toBe(503);
    api.temporal.schedules.broken = undefined;
    expect((await ask('POST', place('later', '/pause'))).json).toMatchObject({ paused: true });
    await remove('later');
  });
});
