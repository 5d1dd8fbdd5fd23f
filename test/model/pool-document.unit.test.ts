import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { difference } from '../../model/catalogue/difference.ts';
import type { PoolDocument } from '../../model/catalogue/document.ts';
import { written } from '../../model/catalogue/written.ts';
import { parseDocument, parseDocumentsText } from '../../model/parse/index.ts';
import { cycleFrom } from '../../model/pool/cycle.ts';
import { strandedBy } from '../../model/pool/same-source.ts';
import { problems } from './parsing.ts';

const API = { endpoint: 'https://api.example.net/v1', timeout: '10s', poll: '2s', within: '1h', settle: '500ms' };

const PROVIDERS = {
  ssh: { spares: ['192.0.2.51', { name: 's2', address: '192.0.2.52', port: 2222 }], within: '1m' },
  suanli: { ...API, taskId: 7, token: 'secret:SUANLI', privateKey: 'secret:SUANLI_KEY', version: '1.0.0', points: 2 },
  jupiter: { ...API, cluster: 3, discovery: { endpoint: 'http://hubble.example.net', id: 4, appkey: 'secret:APPKEY' } },
  croupier: { ...API, token: 'secret:CROUPIER', type: 'web', address: 'net.ip' },
  top: { ...API, accesskey: 'secret:TOP', nodeId: [11, 12], method: 'SEQUENTIAL' },
  everai: { ...API, namespace: 'team', app: 'llm', token: 'secret:EVERAI' },
  http: {
    ...API,
    requestsPerSecond: 2.5,
    headers: { authorization: 'Bearer {{secret:CLOUD}}' },
    create: { path: '/machines', body: { count: '{{count}}', key: '{{key}}' }, ids: 'data[*].id', keyed: true },
    list: {
      path: '/machines',
      items: 'data',
      id: 'id',
      status: 'state',
      address: 'ip',
      running: ['UP'],
      failed: ['BAD'],
    },
    release: { method: 'DELETE', path: '/machines/{{id}}', okStatus: [200, 404] },
    restart: { path: '/machines/{{id}}/restart' },
  },
} as const;

const GROWS = {
  limits: { min: 1, max: 20, minAvailable: '80%' },
  onFailure: 'keep',
  dependsOn: [
    { pool: 'cache', ratio: 0.5, extra: 1, before: 'start_service' },
    { pool: 'db', ratio: 0, before: 'register' },
  ],
  autoscale: {
    metric: { prometheus: { url: 'http://prometheus.example.net:9090', query: 'avg(load)' } },
    ...{ target: 100, min: 2, max: 20, of: 'total', tolerance: 0.2, every: '1m' },
    ...{ step: { up: 2, down: 3 }, cooldown: { up: '2m', down: '5m' } },
  },
};

const pool = (more: object) => ({ kind: 'pool', name: 'web', service: 'shop', ...more });
const parsed = (more: object) => parseDocument(pool(more)) as PoolDocument;
const refused = (more: object) => problems(() => parsed(more));

describe('a pool that grows', () => {
  it.each(Object.entries(PROVIDERS))('from %s is written as it was, and read as it was written', (name, provider) => {
    const document = parsed({ provider: { [name]: provider }, ...GROWS });
    const text = written(document);
    expect(text).toMatchObject({ provider: { [name]: provider }, ...GROWS, dependsOn: GROWS.dependsOn });
    expect(parseDocument(text)).toEqual(document);
    expect(parseDocument(document)).toEqual(document);
    const [again] = parseDocumentsText(stringify(text), 'web.yaml');
    expect(again?.document).toEqual(document);
    expect(difference([document], [parseDocument(text)], { prune: false })).toEqual([]);
  });

  it('is written without what is as by default', () => {
    const autoscale = { metric: { json: { url: 'http://a.example/load', path: 'load' } }, target: 3, min: 1, max: 4 };
    const document = parsed({
      provider: { ssh: { spares: ['192.0.2.51'] } },
      ...{
        autoscale,
        onFailure: 'release',
        dependsOn: [{ pool: 'cache', ratio: 1, extra: 0, before: 's' }],
        limits: {},
      },
    });
    expect(written(document)).toEqual(
      pool({
        provider: { ssh: { spares: ['192.0.2.51'] } },
        ...{ autoscale, dependsOn: [{ pool: 'cache', ratio: 1, before: 's' }] },
      }),
    );
    expect(document.autoscale).toEqual({
      ...autoscale,
      ...{
        of: 'average',
        tolerance: 0.1,
        every: 30_000,
        step: { up: 4, down: 1 },
        cooldown: { up: 60_000, down: 600_000 },
      },
    });
  });

  it('is another one when what it says of growing is', () => {
    const before = parsed({ provider: { everai: PROVIDERS.everai }, limits: { max: 10 } });
    const after = parsed({
      provider: { everai: { ...PROVIDERS.everai, poll: '3s' } },
      limits: { max: 12 },
      onFailure: 'keep',
    });
    expect(difference([before], [after], { prune: false })[0]?.fields).toEqual([
      { path: 'provider.everai.poll', before: '2s', after: '3s' },
      { path: 'limits.max', before: 10, after: 12 },
      { path: 'onFailure', after: 'keep' },
    ]);
  });

  it('says it in words that are refused when they do not fit', () => {
    expect(
      refused({
        provider: {},
        limits: { min: 5, max: 3, minAvailable: '120%' },
        onFailure: 'forget',
        dependsOn: [{ pool: 'cache', ratio: -1, extra: 0.5 }],
      }),
    ).toEqual([
      'provider: says nothing of what to do, expected exactly one of ssh, suanli, jupiter, croupier, top, everai, http',
      'limits.minAvailable: is "120%", expected a count of nodes as 3 or a share as "20%", from 0, at most 100%',
      'onFailure: is "forget", expected release or keep',
      'dependsOn[0].ratio: is -1, expected a number from 0 to 1000: nodes there for each new node here',
      'dependsOn[0].extra: is 0.5, expected a whole number from 0 to 100000',
      'dependsOn[0].before: is missing, expected the name of a step of the expand template: at most 100 characters, on one line',
    ]);
    expect(refused({ limits: { min: 5, max: 3 } })).toEqual([
      'limits: min is more than max, expected min to be max at most',
    ]);
    const twice = { ratio: 1, before: 's' };
    expect(
      refused({
        dependsOn: [
          { pool: 'cache', ...twice },
          { pool: 'Cache', ...twice },
        ],
      }),
    ).toEqual(['dependsOn[1].pool: "Cache" is number 1 of the list already, expected each pool once']);
  });

  it('is scaled by load only within its limits, and with a provider', () => {
    const metric = { json: { url: 'http://a.example', path: 'load' } };
    const limits = { min: 2, max: 10 };
    expect(refused({ autoscale: { metric, target: 1, min: 1, max: 11 }, limits })).toEqual([
      'autoscale: is of a pool that has no provider, expected a provider, where its machines come from',
      'autoscale.max: is more than the limits have, expected 10 at most',
      'autoscale.min: is less than the limits have, expected 2 at least',
    ]);
  });

  it('has no secret in plain text', () => {
    expect(refused({ provider: { everai: { ...PROVIDERS.everai, token: 's3cret' } } })).toEqual([
      'provider.everai.token: is a secret in plain text, expected "secret:NAME": a secret that the worker knows by this name',
    ]);
    expect(
      refused({ provider: { jupiter: { ...API, discovery: { ...PROVIDERS.jupiter.discovery, appkey: 'x' } } } }),
    ).toEqual([expect.stringMatching(/^provider.jupiter.discovery.appkey: is a secret in plain text/)]);
    const headers = { Authorization: 'Bearer abc', accept: 'text/json' };
    const create = { ...PROVIDERS.http.create, body: { auth: [{ api_key: 'abc' }], key: '{{key}}' } };
    expect(refused({ provider: { http: { ...PROVIDERS.http, headers, create } } })).toEqual([
      expect.stringMatching(/^provider.http.headers.Authorization: .* expected "{{secret:NAME}}" in its place/),
      expect.stringMatching(/^provider.http.create.body.auth\[0\].api_key: is a secret in plain text/),
    ]);
  });
});

describe('pools that depend on each other', () => {
  const ways: Record<string, string[]> = {
    web: ['cache', 'db'],
    cache: ['db'],
    db: ['Disk'],
    disk: [],
    a: ['b'],
    b: ['c', 'A'],
    c: ['c'],
  };
  const way = (from: string) => cycleFrom(from, (one) => ways[one.toLowerCase()] ?? []);

  it('have a way back or none', () => {
    expect(way('web')).toBeUndefined();
    expect(way('a')).toEqual(['a', 'b', 'a']);
    expect(way('c')).toEqual(['c', 'c']);
    expect(way('b')).toEqual(['b', 'A', 'b']);
    expect(cycleFrom('x', () => ['c'])).toBeUndefined();
  });

  it('are made after those, and removed before those, that they depend on', () => {
    const documents = ['web', 'cache', 'db'].map((name) =>
      parseDocument({
        ...{ kind: 'pool', name, service: 'shop' },
        dependsOn: (ways[name] ?? []).map((on) => ({ pool: on, ratio: 1, before: 's' })),
      }),
    );
    const names = (changes: { name: string }[]) => changes.map(({ name }) => name);
    expect(names(difference([], documents, { prune: true }))).toEqual(['db', 'cache', 'web']);
    const other = parseDocument({ kind: 'pool', name: 'other', service: 'shop' });
    const gone = difference([other, ...documents], [other], { prune: true });
    expect(names(gone)).toEqual(['web', 'cache', 'db']);
  });
});

describe('another provider', () => {
  const source = (provider: object, vmType = 3) => ({ provider: parsed({ provider }).provider ?? null, vmType });
  const everai = (more: object) => source({ everai: { ...PROVIDERS.everai, ...more } });

  it('strands the machines of the one before, but not when it is asked in another way', () => {
    const before = source({ everai: PROVIDERS.everai });
    expect(strandedBy(before, everai({ poll: '9s', token: 'secret:NEW' }))).toBeUndefined();
    expect(strandedBy(before, everai({ app: 'other' }))).toEqual({ how: 'would have another app' });
    expect(strandedBy(before, source({ top: PROVIDERS.top }))).toEqual({ how: 'would have top in place of everai' });
    expect(strandedBy(before, { ...before, provider: null })).toEqual({ how: 'would have none' });
    expect(strandedBy({ ...before, provider: null }, before)).toBeUndefined();
  });

  it("strands jupiter's machines when its cluster is another, whoever says so", () => {
    const { cluster, ...jupiter } = PROVIDERS.jupiter;
    const before = source({ jupiter: { ...jupiter, cluster } }, 1);
    expect(strandedBy(before, source({ jupiter }, cluster))).toBeUndefined();
    expect(strandedBy(before, source({ jupiter }, 4))).toEqual({ how: 'would have another cluster' });
  });

  it('strands machines that are not in its list', () => {
    const spares = source({ ssh: { spares: ['192.0.2.51', '192.0.2.53'] } });
    const how = 'would have another list of machines';
    expect(strandedBy(source({ ssh: PROVIDERS.ssh }), spares)).toEqual({
      ...{ how, left: new Set(['192.0.2.51', '192.0.2.53']) },
    });
    const top = (nodeId: number | undefined) => source({ top: { ...PROVIDERS.top, nodeId } });
    expect(strandedBy(top(11), top(12))).toEqual({ how, left: new Set(['12']) });
    expect(strandedBy(top(11), top(undefined))).toBeUndefined();
  });
});
