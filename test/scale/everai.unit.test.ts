import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cloud } from '../../demo/clouds/cloud.ts';
import { everaiCloud } from '../../demo/clouds/everai.ts';
import type { Machines } from '../../demo/clouds/machines.ts';
import { openProvider } from '../../scale/open.ts';
import { type Maker, Refused, Unclear } from '../../scale/provider.ts';
import { calling, giving, rejection } from './asking.ts';

const KEY = 'web-3/create/1';

let cloud: Cloud;
let machines: Machines;
let provider: Maker;

beforeEach(async () => {
  ({ cloud, machines } = await everaiCloud({ app: 'web/1', capacity: 6 }));
  provider = await opened(cloud.endpoint);
});

afterEach(() => cloud.close());

async function opened(endpoint: string, token = 'secret:EVERAI'): Promise<Maker> {
  const spec = { everai: { endpoint, app: 'web/1', token, requestsPerSecond: 1000, timeout: 1000 } };
  const made = await openProvider(spec, giving({ EVERAI: 'everai-token' }));
  if (made.how !== 'makes') throw new Error('everai makes machines');
  return made;
}

const create = (count: number, call = calling()) => provider.create({ count, key: KEY, options: {} }, call);
const statuses = async () => (await provider.list(calling())).map(({ status }) => status);

describe('a scale-up', () => {
  it('asks for a number, which is text on the wire, and gives the ids of its workers', async () => {
    const ids = await create(3);
    expect(ids).toEqual(machines.all().map(({ id }) => id));
    expect(ids).toHaveLength(3);
    expect(cloud.last('create')).toMatchObject({
      path: '/api/apps/v1/namespaces/default/apps/web%2F1/workers:scale-up',
      text: '{"scaleUpWorkersNum":"3"}',
      headers: { authorization: 'Bearer everai-token' },
    });
  });

  it('that is refused makes nothing, and is told in the words of everai', async () => {
    expect(await rejection(create(7))).toEqual(
      new Refused(
        'everai: POST /api/apps/v1/namespaces/default/apps/web%2F1/workers:scale-up: 400: not enough resources to scale up',
      ),
    );
    expect(machines.all()).toEqual([]);
  });

  it.each(['lose-reply', 'fail-after', 'garble'] as const)(
    'whose reply is lost (%s) is found in the list',
    async (does) => {
      await create(1);
      const known = (await provider.list(calling())).map(({ id }) => id);
      cloud.trouble('create', { does });
      expect(await rejection(create(2))).toBeInstanceOf(Unclear);
      expect(cloud.count('create')).toBe(2);
      const found = (await provider.list(calling())).filter(({ id }) => !known.includes(id));
      expect(found.map(({ id }) => id)).toEqual(
        machines
          .all()
          .slice(1)
          .map(({ id }) => id),
      );
    },
  );

  it('whose reply has no ids is Unclear', async () => {
    cloud.trouble('create', { does: 'refuse', answer: { body: {} } });
    expect(String(await rejection(create(1)))).toContain('the reply is not as expected: workerIds is missing');
  });
});

describe('the list', () => {
  it('is empty when there are no workers, though the reply has no list then', async () => {
    expect(await provider.list(calling())).toEqual([]);
  });

  it('has workers on their way, at work, failed, leaving and gone, in one request', async () => {
    machines.fates('never-boots', 'boots', 'boots-into-error', 'boots', 'boots');
    const ids = await create(5);
    await provider.release(ids.slice(4), {}, calling());
    machines.leaveTime = 60_000;
    await provider.release(ids.slice(3, 4), {}, calling());
    const [, , , , gone] = machines.all();
    if (gone) gone.leftAt = Date.now() - machines.leaveTime;
    const before = cloud.count('list');
    expect((await provider.list(calling())).map(({ status, detail }) => [status, detail])).toEqual([
      ['pending', 'STATUS_PENDING, DETAIL_STATUS_IN_FLIGHT'],
      ['running', 'STATUS_RUNNING, DETAIL_STATUS_FREE'],
      ['failed', 'STATUS_ERROR'],
      ['leaving', 'STATUS_TERMINATING, DETAIL_STATUS_REMOVE'],
      ['gone', 'STATUS_TERMINATED, DETAIL_STATUS_REMOVE'],
    ]);
    expect(cloud.count('list') - before).toBe(1);
  });

  it.each([
    ['STATUS_CREATED', undefined, 'pending'],
    ['STATUS_INITIALIZED', undefined, 'pending'],
    ['STATUS_UNAVAILABLE', undefined, 'failed'],
    ['STATUS_UNSPECIFIED', undefined, 'failed'],
    [undefined, undefined, 'failed'],
    ['STATUS_OF_TOMORROW', undefined, 'failed'],
    ['STATUS_RUNNING', 'DETAIL_STATUS_REMOVE', 'leaving'],
  ])('knows %s %s as %s', async (status, detailStatus, expected) => {
    cloud.trouble('list', { does: 'refuse', answer: { body: { workers: [{ id: 'w', status, detailStatus }] } } });
    expect(await statuses()).toEqual([expected]);
  });

  it('is asked for again after a 500, half a reply, and a connection that broke', async () => {
    await create(1);
    cloud.trouble('list', { does: 'fail-before' });
    cloud.trouble('list', { does: 'garble' });
    cloud.trouble('list', { does: 'drop' });
    expect(await statuses()).toEqual(['running']);
  });
});

describe('a scale-down', () => {
  it('names its workers, and may be repeated', async () => {
    const ids = await create(3);
    cloud.trouble('release', { does: 'lose-reply' });
    await provider.release(ids.slice(0, 2), {}, calling());
    expect(await statuses()).toEqual(['gone', 'gone', 'running']);
    expect(cloud.count('release')).toBe(2);
    expect(cloud.last('release')?.body).toEqual({ workerIds: ids.slice(0, 2) });
  });

  it('that is refused because of workers that are gone is made for the others', async () => {
    const [first = '', second = ''] = await create(2);
    await provider.release([first], {}, calling());
    const noSuchWorker = { status: 404, body: { code: 5, message: 'no such worker', details: [] } };
    cloud.trouble('release', { does: 'refuse', answer: noSuchWorker });
    await provider.release([first, second], {}, calling());
    expect(machines.kept()).toEqual([]);
    expect(cloud.last('release')?.body).toEqual({ workerIds: [second] });
    cloud.trouble('release', { does: 'refuse', answer: noSuchWorker });
    await provider.release([first, second], {}, calling());
  });

  it('that is refused for workers that are there is refused', async () => {
    const ids = await create(2);
    cloud.trouble('release', { does: 'refuse', answer: { status: 403, body: { message: 'not allowed' } } });
    expect(await rejection(provider.release(ids, {}, calling()))).toBeInstanceOf(Refused);
    expect(machines.kept()).toHaveLength(2);
  });
});

it('does not show its token when it is wrong', async () => {
  provider = await opened(cloud.endpoint, 'not-the-token');
  const call = calling();
  const error = await rejection(provider.list(call));
  expect(error).toBeInstanceOf(Refused);
  expect(String(error) + call.said.join()).not.toContain('not-the-token');
});
