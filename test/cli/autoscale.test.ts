import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { asking, seedCatalogue } from '../api/asking.ts';
import { serveApi, type Served } from '../api/served.ts';
import { commandLine, type Ran } from './command-line.ts';

let api: Served;
let drover: (...args: string[]) => Promise<Ran>;
beforeAll(async () => {
  api = await serveApi();
  const ask = asking(() => api);
  await seedCatalogue(ask);
  const { json } = await ask('GET', '/api/v1/pools/web');
  const provider = { ssh: { spares: [{ name: 's1', address: '192.0.2.51' }] } };
  await ask('PUT', '/api/v1/pools/web', { ...json, provider }, { 'if-match': '*' });
  drover = commandLine({ server: api.url, folder: tmpdir() });
});
afterAll(() => api.close());

const LIMITS = ['--target', '100', '--min', '2', '--max', '20'];

it('has a pool scaled by a query of Prometheus', async () => {
  const { code, stdout } = await drover(
    ...['autoscale', 'set', 'web', '--prometheus', 'http://prometheus:9090', '--query', 'avg(rps)', ...LIMITS],
    ...['--step-up', '3', '--cooldown-down', '1h', '--tolerance', '0.2', '--every', '10s'],
    ...['--header', 'Authorization: Bearer {{secret:PROMETHEUS}}'],
  );
  expect(code).toBe(0);
  expect(stdout).toBe(
    [
      'pool          web',
      'metric        avg(rps) at http://prometheus:9090',
      'target        100 a node, the metric being an average over them',
      'nodes         2 to 20',
      'steps         3 up, 1 down, at most',
      'cool-downs    1m up, 1h down',
      'tolerance     20 %',
      'every         10s',
      'state         it does not run yet: a worker starts it within a minute',
      '',
    ].join('\n'),
  );
});

it('or by any JSON over HTTP', async () => {
  const json = ['--json-url', 'http://lb/stats', '--path', 'load.total', '--of', 'total'];
  const { stdout } = await drover('autoscale', 'set', 'web', ...json, ...LIMITS, '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    settings: { metric: { json: { url: 'http://lb/stats', path: 'load.total' } }, of: 'total', tolerance: 0.1 },
  });
});

it('shows what was read last, and what came of it', async () => {
  api.temporal.autoscalers.set('web', {
    paused: true,
    reading: { at: '2026-11-21T08:00:00.000Z', value: null, missing: 'connection refused', nodes: 4, drained: 0 },
    decision: { do: 'none', by: 0, wanted: null, why: 'paused; otherwise: holds at 4 nodes: connection refused' },
    underWay: null,
    last: {
      up: { at: '2026-11-21T07:00:00.000Z', by: 2, task: 'web-auto-1', ok: false, reason: 'no spare' },
      down: null,
    },
    actions: { up: 1, down: 0 },
    nextReadingAt: '2026-11-21T08:00:30.000Z',
  });
  const { stdout } = await drover('autoscale', 'show', 'web');
  expect(stdout).toContain('state         paused\n');
  expect(stdout).toContain('read          nothing: connection refused, 2026-11-21 ');
  expect(stdout).toContain('decision      paused; otherwise: holds at 4 nodes: connection refused\n');
  expect(stdout).toMatch(/last grew {5}by 2, .*, web-auto-1; not well: no spare\n/);
  expect(stdout).not.toContain('last shrank');
  expect(stdout).toContain('actions       1 expansions, 0 shrinks\n');
});

it('is paused, resumed and removed', async () => {
  api.temporal.told.length = 0;
  for (const what of ['pause', 'resume']) expect((await drover('autoscale', what, 'web')).code).toBe(0);
  expect(await drover('autoscale', 'remove', 'web', '--json')).toMatchObject({
    code: 0,
    stdout: '{\n  "removed": "web"\n}\n',
  });
  expect(api.temporal.told).toEqual(['pause', 'resume', 'settings changed'].map((what) => `autoscale web: ${what}`));
  const { code, stderr } = await drover('autoscale', 'show', 'web');
  expect([code, stderr]).toEqual([2, 'pool web is not scaled by its load\n']);
});

it('tells what the server refuses by its path', async () => {
  const { code, stderr } = await drover(
    'autoscale',
    'set',
    'web',
    '--json-url',
    'http://j',
    '--path',
    'a..b',
    ...LIMITS,
  );
  expect(code).toBe(2);
  expect(stderr).toContain('metric.json.path: is "a..b"');
});
