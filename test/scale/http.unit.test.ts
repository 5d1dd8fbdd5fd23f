import { afterEach, describe, expect, it } from 'vitest';
import type { Cloud } from '../../demo/clouds/cloud.ts';
import { httpCloud, type HttpCloudOptions, httpCloudSpec, refusal } from '../../demo/clouds/http-cloud.ts';
import type { Place } from '../../demo/clouds/machines.ts';
import type { HttpSpec } from '../../model/pool/provider.ts';
import { openProvider } from '../../scale/open.ts';
import { type Acted, type Maker, Refused, Unclear } from '../../scale/provider.ts';
import { acting, calling, giving, rejection } from './asking.ts';

const SECRETS = { CLOUD_TOKEN: 'http-token' };
const PLACES: Place[] = [1, 2, 3, 4].map((n) => ({ address: '127.0.0.1', port: 2200 + n }));

let cloud: Cloud;
let double: Awaited<ReturnType<typeof httpCloud>>;

afterEach(() => cloud.close());

/** The double, and the provider that drives it as `spec` describes it. */
async function opened(spec: Partial<HttpSpec> = {}, options: HttpCloudOptions = { places: PLACES }): Promise<Maker> {
  double = await httpCloud(options);
  ({ cloud } = double);
  const http = httpCloudSpec(cloud.endpoint, { requestsPerSecond: 1000, timeout: 1000, ...spec });
  const made = await openProvider({ http }, giving(SECRETS, { vmType: 4 }));
  if (made.how !== 'makes') throw new Error('http makes machines');
  return made;
}

const create = (provider: Maker, count: number, call = calling(), key = 'web-3/create/1') =>
  provider.create({ count, key, options: {} }, call);

async function acted(provider: Maker): Promise<Acted[]> {
  return (await provider.list(calling())).map(({ id, address = '' }) => ({ id, address, name: id }));
}

describe('create', () => {
  it('asks once for all, with the number as a number and the secret in its header', async () => {
    const provider = await opened();
    expect(await create(provider, 3)).toEqual(['m-1', 'm-2', 'm-3']);
    expect(cloud.asked).toHaveLength(1);
    expect(cloud.last('create')).toMatchObject({
      body: { count: 3, client_token: 'web-3/create/1' },
      headers: { authorization: 'Bearer http-token' },
    });
  });

  it('asks once for each when the API knows no number, each with a key of its own', async () => {
    const provider = await opened({
      create: { path: '/v1/machines', body: { client_token: '{{key}}' }, ids: 'machines[0].id' },
    });
    expect(await create(provider, 3)).toEqual(['m-1', 'm-2', 'm-3']);
    const keys = cloud.asked.map(({ body }) => body);
    expect(keys).toEqual([1, 2, 3].map((nth) => ({ client_token: `web-3/create/1-${nth}` })));
  });

  it('gives those that came when the vendor has no more', async () => {
    const provider = await opened({ create: { path: '/v1/machines', ids: 'machines[0].id' } });
    const call = calling();
    expect(await create(provider, 9, call)).toEqual(['m-1', 'm-2', 'm-3', 'm-4']);
    expect(call.said).toEqual(['http: POST /v1/machines: 403: quota exceeded: 0 left; 4 of 9 are made']);
  });

  it('is Unclear in the middle when it asks for each and a reply is lost', async () => {
    const provider = await opened({ create: { path: '/v1/machines', ids: 'machines[0].id' } });
    cloud.trouble('create', { does: 'delay', ms: 1 });
    cloud.trouble('create', { does: 'lose-reply' });
    expect(await rejection(create(provider, 3))).toBeInstanceOf(Unclear);
    expect(double.machines.all()).toHaveLength(2);
  });

  it('is repeated with its key after a lost reply when the vendor knows keys, and makes no machine twice', async () => {
    const keyed = { ...httpCloudSpec('').create, keyed: true };
    const provider = await opened({ create: keyed }, { places: PLACES, keyed: 'by client token' });
    expect(provider.isKeyed).toBe(true);
    cloud.trouble('create', { does: 'lose-reply' });
    cloud.trouble('create', { does: 'garble' });
    expect(await create(provider, 2)).toEqual(['m-1', 'm-2']);
    expect(await create(provider, 2)).toEqual(['m-1', 'm-2']);
    expect(await create(provider, 1, calling(), 'web-4/create/1')).toEqual(['m-3']);
    expect(double.machines.all()).toHaveLength(3);
  });

  it('is Unclear and not repeated without keys', async () => {
    const provider = await opened();
    cloud.trouble('create', { does: 'lose-reply' });
    expect(await rejection(create(provider, 2))).toBeInstanceOf(Unclear);
    expect(double.machines.all()).toHaveLength(2);
  });

  it("is refused in the vendor's words", async () => {
    const provider = await opened();
    expect(await rejection(create(provider, 5))).toEqual(
      new Refused('http: POST /v1/machines: 403: quota exceeded: 4 left'),
    );
  });

  it.each([
    ['a wrong path', 'data.ids', 'data is missing'],
    ['what is no text', 'machines', 'machines is no text'],
  ])('names the path where the reply has %s', async (_, ids, fault) => {
    const provider = await opened({ create: { ...httpCloudSpec('').create, ids } });
    const error = await rejection(create(provider, 1));
    expect(error).toEqual(new Unclear(`http: POST /v1/machines: the reply is not as expected: ${fault}`));
  });

  it('goes by what the reply says when its status says nothing', async () => {
    const ok = { path: 'code', is: '0' };
    const provider = await opened({ create: { ...httpCloudSpec('').create, ok } });
    cloud.trouble('create', { does: 'refuse', answer: { body: { code: 17, msg: 'no more' } } });
    expect(await rejection(create(provider, 1))).toEqual(
      new Refused('http: POST /v1/machines: code is 17, expected 0: no more'),
    );
    cloud.trouble('create', {
      does: 'refuse',
      answer: { body: { code: 0, machines: [{ id: 12345678901234567890n.toString() }] } },
    });
    expect(await create(provider, 1)).toEqual(['12345678901234567890']);
  });

  it("has the pool's machine type, and fails where there is none for it", async () => {
    const described = {
      path: '/v1/machines?type={{vm_type_id}}',
      body: { type: '{{vm_type_id}}', text: '{{{vm_type_id}}}' },
    };
    const provider = await opened({ create: { ...described, ids: 'machines[*].id' } });
    await create(provider, 1);
    expect(cloud.last('create')).toMatchObject({ body: { type: 4, text: '4' } });
    expect(cloud.last('create')?.query.get('type')).toBe('4');
    const http = httpCloudSpec(cloud.endpoint, { create: { ...described, ids: 'machines[*].id' } });
    const other = await openProvider({ http }, giving(SECRETS));
    if (other.how !== 'makes') throw new Error('http makes machines');
    expect(await rejection(create(other, 1))).toEqual(
      new Refused('/v1/machines?type={{vm_type_id}}: there is no value for {{vm_type_id}}'),
    );
  });
});

describe('list', () => {
  it('has every machine with its state, and its address and port once it has them, on all pages', async () => {
    const provider = await opened({}, { places: PLACES, pageSize: 3 });
    double.machines.fates('never-boots', 'boots-into-error');
    await create(provider, 4);
    await provider.release(['m-3'], {}, calling());
    expect(await provider.list(calling())).toEqual([
      { id: 'm-1', status: 'pending', detail: 'BUILD' },
      { id: 'm-2', status: 'failed', detail: 'ERROR' },
      { id: 'm-3', status: 'gone', detail: 'DELETED' },
      { id: 'm-4', status: 'running', detail: 'ACTIVE', address: '127.0.0.1', ssh: { port: 2204 } },
    ]);
    expect(cloud.asked.filter(({ kind }) => kind === 'list').map(({ query }) => query.get('cursor'))).toEqual([
      null,
      '3',
    ]);
  });

  it('reads pages by number until one is empty', async () => {
    const provider = await opened({ list: { ...httpCloudSpec('').list, pages: { query: 'page' } } });
    const pages = [['a', 'b'], ['c'], []].map((ids) => ({ machines: ids.map((id) => ({ id, status: 'ACTIVE' })) }));
    for (const body of pages) cloud.trouble('list', { does: 'refuse', answer: { body } });
    expect((await provider.list(calling())).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(cloud.asked.map(({ query }) => query.get('page'))).toEqual(['1', '2', '3']);
  });

  it('does not go on for ever when the API knows no pages', async () => {
    const provider = await opened({ list: { ...httpCloudSpec('').list, pages: { query: 'page' } } });
    await create(provider, 2);
    expect(await rejection(provider.list(calling()))).toEqual(
      new Unclear('http: /v1/machines: one page is as the one before: does page tell the page?'),
    );
  });

  it.each([
    [{ items: 'data.items' }, 'data is missing'],
    [{ id: 'uuid' }, 'uuid is missing'],
    [{ status: 'state.name' }, 'state is missing'],
    [{ port: 'status' }, '"ACTIVE" is no port'],
  ])('names the path that leads nowhere: %j', async (wrong, fault) => {
    const provider = await opened({ list: { ...httpCloudSpec('').list, ...wrong } });
    await create(provider, 1);
    const stop = new AbortController();
    const call = calling(stop.signal);
    const listing = rejection(provider.list(call));
    await expect.poll(() => call.said[0]).toContain(`http: GET /v1/machines: the reply is not as expected: ${fault}`);
    stop.abort();
    await listing;
  });
});

describe('release', () => {
  it('gives each back, and those that are gone already are well', async () => {
    const provider = await opened();
    await create(provider, 3);
    await provider.release(['m-1'], {}, calling());
    cloud.trouble('release', { does: 'lose-reply' });
    await provider.release(['m-1', 'm-2'], {}, calling());
    expect(double.machines.kept().map(({ id }) => id)).toEqual(['m-3']);
  });

  it('is refused when a machine that is there is not found: the path is wrong', async () => {
    const provider = await opened({ release: { path: '/v1/servers/{{id}}' } });
    await create(provider, 1);
    expect(await rejection(provider.release(['m-1'], {}, calling()))).toEqual(
      new Refused('http: DELETE /v1/servers/m-1: 404: no such route'),
    );
  });

  it('asks for all at once where the API takes them so: as a list in a body, with commas in a path', async () => {
    const provider = await opened({
      release: {
        method: 'POST',
        path: '/v1/machines/x/restart?ids={{ids}}',
        body: { ids: '{{ids}}', text: 'of {{ids}}' },
      },
    });
    cloud.trouble('restart', { does: 'refuse', answer: { status: 204 } });
    await provider.release(['a/b', 'c d'], {}, calling());
    expect(cloud.last('restart')?.body).toEqual({ ids: ['a/b', 'c d'], text: 'of a/b,c d' });
    expect(cloud.last('restart')?.query.get('ids')).toBe('a/b,c d');
  });

  it.each(['..', '.'])('never puts %j into a path, where it would be another path', async (id) => {
    const provider = await opened();
    await create(provider, 1);
    await provider.release([id, 'm-1'], {}, calling());
    const deleted = cloud.asked.filter(({ method }) => method === 'DELETE').map(({ path }) => path);
    expect(deleted).toEqual(['/v1/machines/m-1']);
  });
});

describe('group actions', () => {
  it('are those that are described', async () => {
    const { register, undrain } = httpCloudSpec('');
    expect(register && undrain).toBeTruthy();
    const provider = await opened();
    expect(Object.keys(provider.acts)).toEqual(['register', 'unregister', 'drain', 'undrain', 'restart']);
    await create(provider, 2);
    const machines = await acted(provider);
    const ok = machines.map(({ id }) => ({ id, status: 'ok', reason: '' }));
    cloud.trouble('register', { does: 'lose-reply' });
    cloud.trouble('drain', { does: 'fail-after' });
    expect(await provider.acts.register?.(machines, {}, acting())).toEqual(ok);
    expect(await provider.acts.drain?.(machines, { timeout: 90_000 }, acting())).toEqual(ok);
    expect([[...double.members], [...double.drained]]).toEqual([
      ['m-1', 'm-2'],
      ['m-1', 'm-2'],
    ]);
    expect(cloud.last('drain')?.body).toEqual({ timeout: 90 });
    expect(await provider.acts.undrain?.(machines, {}, acting())).toEqual(ok);
    expect(await provider.acts.unregister?.(machines, {}, acting())).toEqual(ok);
    expect([double.members.size, double.drained.size]).toEqual([0, 0]);
  });

  it('tell of each machine what became of it', async () => {
    const provider = await opened();
    const [id] = await create(provider, 1);
    const machines = [
      { id: id ?? '', name: 'web-1', address: '127.0.0.1' },
      { id: 'm-9', name: 'web-9', address: '192.0.2.9' },
      { id: '', name: 'by-hand', address: '192.0.2.1' },
    ];
    expect(await provider.acts.register?.(machines, {}, acting())).toEqual([
      { id: 'm-1', status: 'ok', reason: '' },
      { id: 'm-9', status: 'failed', reason: 'http: PUT /v1/balancer/members/m-9: 404: no such machine: m-9' },
      { id: '', status: 'failed', reason: '/v1/balancer/members/{{id}}: there is no value for {{id}}' },
    ]);
  });

  it('that must not happen twice are made once: what nobody can tell is unknown', async () => {
    const provider = await opened();
    await create(provider, 3);
    cloud.trouble('restart', { does: 'refuse', answer: refusal(409, 'busy', 'is being restarted') });
    cloud.trouble('restart', { does: 'lose-reply' });
    const call = acting();
    const outcomes = await provider.acts.restart?.(await acted(provider), {}, call);
    expect(outcomes?.map(({ id, status }) => [id, status])).toEqual([
      ['m-1', 'failed'],
      ['m-2', 'unknown'],
      ['m-3', 'ok'],
    ]);
    expect(double.restarts).toEqual(['m-2', 'm-3']);
    expect(call.keeps).toHaveLength(3);
  });

  it('that must not happen twice are not made again for the machine where they were interrupted', async () => {
    const provider = await opened();
    await create(provider, 3);
    const first = acting();
    await provider.acts.restart?.(await acted(provider), {}, first);
    double.restarts.length = 0;
    const outcomes = await provider.acts.restart?.(await acted(provider), {}, acting(first.keeps[1]));
    expect(outcomes).toEqual([
      { id: 'm-1', status: 'ok', reason: '' },
      { id: 'm-2', status: 'unknown', reason: 'was interrupted while the request was under way' },
      { id: 'm-3', status: 'ok', reason: '' },
    ]);
    expect(double.restarts).toEqual(['m-3']);
  });
});

it('needs its secrets, and does not show them', async () => {
  const provider = await opened();
  const http = httpCloudSpec(cloud.endpoint);
  expect(await rejection(openProvider({ http }, giving()))).toEqual(new Error('secret CLOUD_TOKEN has no value'));
  cloud.trouble('create', { does: 'refuse', answer: { status: 400, body: 'Bearer http-token is not allowed to' } });
  expect(String(await rejection(create(provider, 1)))).toContain('400: Bearer *** is not allowed to');
});
