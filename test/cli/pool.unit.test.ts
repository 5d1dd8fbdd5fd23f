import { describe, expect, it } from 'vitest';
import { readPoolAction } from '../../cli/input/pool-action.ts';
import { poolTable, poolText, type PoolView } from '../../cli/print/pool.ts';
import { problems } from '../model/parsing.ts';

const POOL: PoolView = {
  name: 'web',
  service: 'shop',
  templates: { expand: 'web-expand' },
  provider: { everai: { endpoint: 'https://api.example.net' } },
  limits: { min: 2, max: 40, minAvailable: '80%' },
  onFailure: 'keep',
  dependsOn: [{ pool: 'cache', ratio: 0.5, extra: 1, before: 'start' }],
  count: 1,
  nodes: [
    {
      ...{ name: 'web-1', address: '192.0.2.1', providerId: 'i-1', status: 'ok', drained: true },
      joinedAt: '2026-01-02T03:04:05.000Z',
    },
  ],
  queue: [
    { name: 'expand-web-1', status: 'running', reason: '' },
    { name: 'shrink-web-2', status: 'pending', reason: 'waits for pool web: 1 ahead of it' },
  ],
  unreleased: [{ providerId: 'i-9', task: 'expand-web-0', reason: 'healthy: HTTP 503\u001b[31m' }],
};

describe('a pool for people', () => {
  it("says who has it, who waits for it, and which machines are nobody's", () => {
    const lines = poolText(POOL).split('\n');
    expect(lines.slice(0, 8)).toEqual([
      'name         web',
      'service      shop',
      'expand       web-expand',
      'provider     everai at https://api.example.net',
      'limits       at least 2, at most 40, 80% always in place',
      'on failure   keep',
      'depends on   cache: 0.5 for each new node and 1, before start',
      'nodes        1 node',
    ]);
    expect(lines.slice(9, 11)).toEqual([
      expect.stringMatching(/^NODE {3}ADDRESS {4}STATUS {7}JOINED +PROVIDER ID$/),
      expect.stringMatching(/^web-1 {2}192\.0\.2\.1 {2}ok, drained {2}\S+ \S+ {2}i-1$/),
    ]);
    expect(lines.slice(12)).toEqual([
      'Has the pool:',
      '  expand-web-1  running',
      'Waiting for it (drover stop NAME takes one out):',
      '  shrink-web-2  pending: waits for pool web: 1 ahead of it',
      '',
      'Machines that may cost money, and are no nodes of the pool:',
      'PROVIDER ID  TASK          REASON',
      'i-9          expand-web-0  healthy: HTTP 503',
      'Give all of them back, or one by --machine ID:',
      '  drover pool release web',
    ]);
  });

  it('says no more than there is to say', () => {
    const bare = { name: 'web', service: 'shop', provider: null, count: 0, nodes: [], queue: [], unreleased: [] };
    expect(poolText(bare)).toBe('name         web\nservice      shop\nnodes        0 nodes');
  });

  it('is in lists with where its machines come from', () => {
    const items = [POOL, { ...POOL, name: 'by-hand', provider: null, desc: 'no cloud' }];
    expect(poolTable({ items, next: null }).split('\n')).toEqual([
      'POOL     SERVICE  PROVIDER  NODES  DESCRIPTION',
      'web      shop     everai    1',
      'by-hand  shop               1      no cloud',
    ]);
  });
});

describe('what is asked of a pool', () => {
  it('is as the API takes it', () => {
    const options = { count: '3', param: ['tag=1'], batch: ['2'], now: true as const, name: 'more' };
    expect(readPoolAction('expand', 'web', options)).toEqual({
      ...{ count: 3, params: { tag: '1' }, rollout: { batch: 2 }, now: true, name: 'more' },
      startedBy: expect.stringContaining('@') as string,
    });
    expect(readPoolAction('shrink', 'web', { to: '0', choose: 'oldest' })).toMatchObject({ to: 0, choose: 'oldest' });
    expect(readPoolAction('shrink', 'web', { node: ['a', 'b'] })).toMatchObject({ nodes: ['a', 'b'] });
    expect(readPoolAction('release', 'web', { machine: ['i-1'] })).toMatchObject({ machines: ['i-1'] });
    expect(readPoolAction('deploy', 'web', {}).name).toMatch(/^deploy-web-\d{4}-\d{4}-[a-z]{3}$/);
  });

  it('is refused with all that is wrong, by its options', () => {
    const wrong = { count: '0', param: ['tag'], batch: ['none'] };
    expect(problems(() => readPoolAction('expand', 'web', wrong))).toEqual([
      '--param: "tag" has no name, expected name=value',
      expect.stringMatching(/^--batch: is "none"/),
      '--count: is 0, expected how many, 1 to 1000',
    ]);
    expect(problems(() => readPoolAction('expand', 'web', { count: '1', to: '2' }))).toEqual([
      'how many: has count and to, expected exactly one of count, to',
    ]);
    expect(problems(() => readPoolAction('shrink', 'web', { to: 'few' }))).toEqual([
      '--to: is "few", expected how many there are to be, 0 to 100000',
    ]);
  });
});
