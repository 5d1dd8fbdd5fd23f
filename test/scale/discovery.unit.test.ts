import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { discoveryCloud, refusal } from '../../demo/clouds/discovery.ts';
import { openProvider } from '../../scale/open.ts';
import type { Acted, Act } from '../../scale/provider.ts';
import { acting, giving } from './asking.ts';

let discovery: Awaited<ReturnType<typeof discoveryCloud>>;

beforeEach(async () => {
  discovery = await discoveryCloud({ types: { 1: 'nginx', 2: 'slb', 3: 'consul' } });
});

afterEach(() => discovery.cloud.close());

const MACHINES: Acted[] = [
  { id: 'i-1', name: 'web-1', address: '192.0.2.1' },
  { id: 'i-2', name: 'web-2', address: '192.0.2.2' },
];
const OK = MACHINES.map(({ id }) => ({ id, status: 'ok', reason: '' }));

async function acts(
  id?: number,
  numbers = {},
  appkey = 'discovery-appkey',
): Promise<{ register: Act; unregister: Act }> {
  const { endpoint } = discovery.cloud;
  const spec = { endpoint, appkey: 'secret:KEY', ...(id !== undefined && { id }) };
  const asking = { endpoint: 'http://127.0.0.1:9', requestsPerSecond: 1000, timeout: 500, poll: 20 };
  const provider = await openProvider({ jupiter: { ...asking, discovery: spec } }, giving({ KEY: appkey }, numbers));
  const { register, unregister } = provider.how === 'makes' ? provider.acts : {};
  if (!register || !unregister) throw new Error('service discovery has both');
  return { register, unregister };
}

describe('registering', () => {
  it.each([
    [2, 'at once'],
    [3, 'at once'],
    [1, 'by a job, which is waited for'],
  ])('adds all addresses in one request to type %i, %s', async (type) => {
    discovery.takes = 50;
    const { register } = await acts(type);
    expect(await register(MACHINES, {}, acting())).toEqual(OK);
    expect(discovery.members.get(type)).toEqual(['192.0.2.1', '192.0.2.2']);
    expect(discovery.cloud.count('register')).toBe(1);
    expect(discovery.cloud.last('register')).toMatchObject({
      path: '/v1/adaptor/auto_alteration/add/',
      headers: { appkey: 'discovery-appkey' },
      body: { type_id: type, ips: '192.0.2.1,192.0.2.2', user: 'root' },
    });
    expect(discovery.cloud.count('check') > 1).toBe(type === 1);
  });

  it('asks for the state of its own job', async () => {
    const { register } = await acts(1);
    await register(MACHINES, {}, acting());
    expect(discovery.cloud.last('check')?.query.get('release_id')).toBe('1');
    const id = discovery.cloud.last('register')?.headers['x-correlation-id'];
    expect(discovery.cloud.last('check')?.headers['x-correlation-id']).toBe(id);
  });

  it('asks by its correlation id when it was told no id of the job', async () => {
    const { register } = await acts(1);
    discovery.cloud.trouble('register', {
      does: 'refuse',
      answer: { body: { code: 0, msg: '', data: { type: 'async' } } },
    });
    discovery.cloud.trouble('check', { does: 'refuse', answer: { body: { code: 0, msg: '', data: { state: 2 } } } });
    expect(await register(MACHINES, {}, acting())).toEqual(OK);
    expect(discovery.cloud.last('check')?.query.get('release_id')).toBeNull();
  });

  it('has failed when its job has, and says where', async () => {
    discovery.fates = ['fails'];
    const { register } = await acts(1);
    const call = acting();
    const outcomes = await register(MACHINES, {}, call);
    expect(outcomes.map(({ status }) => status)).toEqual(['failed', 'failed']);
    expect(outcomes[0]?.reason).toBe('service discovery: change 1 failed');
    expect(call.said).toEqual(['service discovery: 192.0.2.1: state 3']);
  });

  it('is over when its job does not end in time', async () => {
    discovery.fates = ['never-ends'];
    const { register } = await acts(1);
    expect(await register(MACHINES.slice(1), { within: 60 }, acting())).toEqual([
      { id: 'i-2', status: 'timed_out', reason: 'service discovery: change 1 has not ended within 0.06 s' },
    ]);
  });

  it('goes on after trouble with asking for the state', async () => {
    discovery.takes = 100;
    discovery.cloud.trouble('check', { does: 'fail-before' });
    discovery.cloud.trouble('check', { does: 'garble' });
    discovery.cloud.trouble('check', { does: 'refuse', answer: refusal('ansible: busy') });
    const { register } = await acts(1);
    expect(await register(MACHINES, {}, acting())).toEqual(OK);
  });

  it.each(['lose-reply', 'fail-after', 'garble', 'drop'] as const)(
    'is repeated after %s, which adds no address twice',
    async (does) => {
      discovery.cloud.trouble('register', { does });
      const { register } = await acts(2);
      expect(await register(MACHINES, {}, acting())).toEqual(OK);
      expect(discovery.cloud.count('register')).toBe(2);
      expect(discovery.members.get(2)).toEqual(['192.0.2.1', '192.0.2.2']);
    },
  );

  it('goes on with the job of an attempt that was interrupted', async () => {
    discovery.fates = ['never-ends'];
    const { register } = await acts(1);
    const first = acting();
    await register(MACHINES, { within: 30 }, first);
    for (const job of discovery.jobs) job.fate = 'ok';
    expect(await register(MACHINES, {}, acting(first.keeps.at(-1)))).toEqual(OK);
    expect(discovery.cloud.count('register')).toBe(1);
  });

  it('of a machine without an address fails, and leaves the others alone', async () => {
    const { register } = await acts(2);
    const outcomes = await register([...MACHINES, { id: 'i-3', name: 'web-3', address: '' }], {}, acting());
    expect(outcomes).toEqual([...OK, { id: 'i-3', status: 'failed', reason: 'web-3 has no address to add' }]);
    expect(discovery.members.get(2)).toEqual(['192.0.2.1', '192.0.2.2']);
  });

  it('has failed when the appkey is wrong, which is not said', async () => {
    const { register } = await acts(2, {}, 'other-appkey');
    const [first] = await register(MACHINES, {}, acting());
    expect(first?.status).toBe('failed');
    expect(first?.reason).toContain('code 1: this appkey do not have permission.');
    expect(first?.reason).not.toContain('other-appkey');
  });

  it('has failed for a type that is not there, though the adaptor says that all is well', async () => {
    const { register } = await acts(9);
    const [first] = await register(MACHINES, {}, acting());
    expect(first).toMatchObject({ status: 'failed' });
    expect(first?.reason).toContain('no change was made: is there a type_id 9?');
  });
});

describe('unregistering', () => {
  it('removes the addresses, and may be done twice', async () => {
    const { register, unregister } = await acts(2);
    await register(MACHINES, {}, acting());
    expect(await unregister(MACHINES.slice(1), {}, acting())).toEqual(OK.slice(1));
    expect(await unregister(MACHINES.slice(1), {}, acting())).toEqual(OK.slice(1));
    expect(discovery.members.get(2)).toEqual(['192.0.2.1']);
  });

  it('is refused when it would leave a balancer without an address', async () => {
    const { register, unregister } = await acts(1);
    await register(MACHINES, {}, acting());
    const outcomes = await unregister(MACHINES, {}, acting());
    expect(outcomes.map(({ status }) => status)).toEqual(['failed', 'failed']);
    expect(outcomes[0]?.reason).toContain('upstream left no ip after delete, failed!');
    expect(discovery.members.get(1)).toHaveLength(2);
  });
});

describe('the id', () => {
  it("is the pool's OpenDCP sd_id when the provider names none, and goes before the step's", async () => {
    const { register } = await acts(undefined, { sdId: 2 });
    const call = acting();
    expect(await register(MACHINES, { service_discovery_id: '1' }, call)).toEqual(OK);
    expect(discovery.members.get(2)).toHaveLength(2);
    expect(call.said).toEqual(["service_discovery_id 1 of the step gives way to the pool's own, 2"]);
  });

  it("is the step's when the pool says none", async () => {
    const { register } = await acts();
    expect(await register(MACHINES, { service_discovery_id: '3' }, acting())).toEqual(OK);
    expect(discovery.members.get(3)).toHaveLength(2);
  });

  it('must be there', async () => {
    const { register } = await acts();
    const [first] = await register(MACHINES, {}, acting());
    expect(first?.reason).toContain('service discovery: no id is given, expected discovery.id of the provider');
    expect(discovery.cloud.count()).toBe(0);
  });
});
