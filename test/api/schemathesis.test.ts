import type { RouteOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminToken } from '../../api/access/settings.ts';
import { buildServer } from '../../api/server.ts';
import { askAtRandom } from '../support/schemathesis.ts';
import { asking, seedCatalogue } from './asking.ts';
import { endTask, seedTask, serveApi, type Served } from './served.ts';

const TOKEN = 'an-admin-of-random-requests';
// With a token from the beginning: the first one that is made at random would shut the others out.
const authorization = `Bearer ${TOKEN}`;

let api: Served;
const ask = asking(() => api);
beforeAll(async () => {
  api = await serveApi({ access: { adminToken: adminToken(TOKEN) } });
  await seedCatalogue((method, path, body) => ask(method, path, body, { authorization }));
  await seedTask(api, 'web');
  await endTask(api, await seedTask(api, 'roll'), 'failed');
});
afterAll(() => api.close());

/** Names of the catalogue and of tasks, and some that are nobody's. */
const NAMES = ['web', 'roll', 'shop', 'shop-web', 'start', 'start-service', '订单', 'a b', 'x'.repeat(100)];

describe('requests at random', () => {
  it('to /api/v1 are answered as /openapi.json says, and never by a server error', async () => {
    const { passed, requests, output } = await askAtRandom({
      document: `${api.url}/openapi.json`,
      url: api.url,
      headers: { authorization },
      // These may go on for ever.
      without: /\/(events|log)$/,
      known: {
        'path.name': NAMES,
        'path.id': ['1', '2', '3'],
        'header.if-match': ['*', '"1"', '"2"', 'W/"1"', '"1", "2"'],
        'header.if-none-match': ['*', '"1"', 'W/"1"'],
        'header.idempotency-key': ['one', 'two'],
        'body.templateName': ['roll', 'roll@1'],
        'body.pool': ['web'],
        'body.cluster': ['shop'],
        'body.service': ['shop-web'],
      },
      examples: 10,
      phases: ['coverage', 'fuzzing'],
    });
    expect(passed, output).toBe(true);
    expect(requests).toBeGreaterThan(1000);
    const well = await answeredWell('/api/v1/');
    expect(well.length).toBeGreaterThan(20);
    console.log(`schemathesis: ${requests} requests to /api/v1; ${well.length} routes did what they were asked for`);
  }, 300_000);

  it("to OpenDCP's URLs are answered in its envelope, and never by a server error", async () => {
    const { passed, requests, output } = await askAtRandom({
      document: await opendcpDocument(),
      url: api.url,
      headers: { authorization },
      known: { 'path.id': ['1', '2', '3', '0', '-1', '999999', '9007199254740993'] },
      examples: 15,
      phases: ['fuzzing'],
    });
    expect(passed, output).toBe(true);
    expect(requests).toBeGreaterThan(500);
    const well = await answeredWell('/');
    expect(well.length).toBeGreaterThan(20);
    console.log(`schemathesis: ${requests} requests to OpenDCP's URLs; ${well.length} did what they were asked for`);
  }, 300_000);
});

/** Routes that have answered 2xx, by the server's own count: what is always refused is not tried. */
async function answeredWell(prefix: string): Promise<string[]> {
  const text = await (await fetch(`${api.url}/metrics`, { headers: { authorization } })).text();
  const counted = text.matchAll(
    /^drover_http_request_duration_seconds_count\{method="(\w+)",route="([^"]+)",status="2\d\d"\}/gm,
  );
  const routes = new Set([...counted].map(([, method = '', route = '']) => `${method} ${route}`));
  return [...routes].filter((route) => route.includes(` ${prefix}`));
}

/** What OpenDCP's routes have in common: any JSON, and the envelope. */
async function opendcpDocument(): Promise<object> {
  const urls = await opendcpUrls();
  expect(urls.length).toBeGreaterThan(40);
  return {
    openapi: '3.1.0',
    info: { title: 'OpenDCP', version: '1' },
    paths: Object.fromEntries(urls.map((url) => [pathOf(url), { post: operation(url) }])),
  };
}

/** From the route table itself; other spellings of a URL are left out. */
async function opendcpUrls(): Promise<string[]> {
  const urls = new Set<string>();
  const app = buildServer(api.parts);
  app.addHook('onRoute', ({ url, config }: RouteOptions) => {
    if (config?.opendcp && !/\/$|\.json$/.test(url)) urls.add(url);
  });
  await app.ready();
  await app.close();
  return [...urls];
}

function pathOf(url: string): string {
  return url.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{rest}');
}

function operation(url: string): object {
  const names = [...pathOf(url).matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const answer = { description: 'the envelope', content: { 'application/json': { schema: ENVELOPE } } };
  return {
    parameters: [
      ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string', minLength: 1 } })),
      ...['page', 'page_size'].map((name) => ({ name, in: 'query', schema: { type: ['integer', 'string'] } })),
    ],
    requestBody: { content: { 'application/json': { schema: BODY } } },
    responses: { '200': answer, '4XX': answer },
  };
}

const ENVELOPE = {
  type: 'object',
  required: ['code', 'msg', 'data'],
  properties: { code: { type: 'integer' }, msg: { type: 'string' }, data: {} },
};

const ID = { type: ['integer', 'string', 'null'] };
const TEXT = { type: ['string', 'integer', 'null'] };
const LIST = { type: 'array', items: {} };
const STEP = {
  type: 'object',
  properties: {
    name: TEXT,
    param_values: { type: ['object', 'null'], additionalProperties: TEXT },
    retry: { type: ['object', 'null'], properties: { retry_times: ID, ignore_error: { type: ['boolean', 'string'] } } },
  },
};

/** Keys of OpenDCP's bodies, each as `text` or `number` have it. */
function keyed(text: object, number: object): Record<string, object> {
  const texts = ['name', 'desc', 'biz', 'service_type', 'docker_image', 'type', 'task_name'];
  const numbers = [
    'id',
    'cluster_id',
    'service_id',
    'pool_id',
    'action_id',
    'template_id',
    'vm_type',
    'sd_id',
    'max_num',
    'max_ratio',
    'num',
  ];
  return Object.fromEntries([
    ...texts.map((key) => [key, text] as const),
    ...numbers.map((key) => [key, number] as const),
  ]);
}

const NODES = { type: 'array', items: { anyOf: [ID, { type: 'object', properties: { ip: TEXT } }] } };
const RIGHT = keyed({ type: 'string', minLength: 1, maxLength: 50 }, { type: 'integer', minimum: 1, maximum: 3 });

/** Anything; something with the keys that OpenDCP's bodies have; the same with values as they should be. */
const BODY = {
  anyOf: [
    {},
    {
      type: 'object',
      properties: {
        ...keyed(TEXT, ID),
        ...{ tasks: {}, params: {}, template: {}, actions: LIST, steps: { type: 'array', items: STEP }, nodes: NODES },
      },
    },
    { type: 'object', properties: RIGHT, required: Object.keys(RIGHT), additionalProperties: false },
  ],
};
