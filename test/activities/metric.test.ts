import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readMetricValue } from '../../activities/metric.ts';
import { Secrets } from '../../activities/secrets.ts';
import { freePort } from '../../embedded/port.ts';

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body: string;
}

let server: Server;
let base: string;
let answer: Answer | 'never';
let asked: { url: string; authorization: string | undefined }[];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', authorization: request.headers.authorization });
    if (answer === 'never') return;
    response.writeHead(answer.status ?? 200, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
});

const secrets = new Secrets({ PROMETHEUS: 'tok-123456', BROKEN: 'line-one\nline-two' });
const now = () => Date.now() / 1000;
const success = (data: unknown) => ({ body: JSON.stringify({ status: 'success', data }) });
const vector = (...values: string[]) =>
  success({ resultType: 'vector', result: values.map((value) => ({ metric: {}, value: [now(), value] })) });
const prometheus = (given: Answer, url = base) => {
  answer = given;
  return readMetricValue({ prometheus: { url, query: 'avg(rps{a="b"})' } }, secrets);
};
const json = (body: unknown, path = 'data.load[0]') => {
  answer = { body: typeof body === 'string' ? body : JSON.stringify(body) };
  return readMetricValue({ json: { url: `${base}/stats`, path } }, secrets);
};

describe('Prometheus', () => {
  it('is asked by an instant query, below its address', async () => {
    expect(await prometheus(vector('123.5'), `${base}/prometheus/`)).toMatchObject({ value: 123.5, missing: '' });
    expect(asked[0]?.url).toBe('/prometheus/api/v1/query?query=avg%28rps%7Ba%3D%22b%22%7D%29');
    await prometheus(vector('1'), `${base}/api/v1/query`);
    expect(asked[1]?.url).toMatch(/^\/api\/v1\/query\?query=/);
  });

  it('answers with a vector of one, or a scalar', async () => {
    expect(await prometheus(vector('1e3'))).toMatchObject({ value: 1000 });
    expect(await prometheus(success({ resultType: 'scalar', result: [now(), '0'] }))).toMatchObject({ value: 0 });
  });

  it('says how old a value is', async () => {
    const { age } = await prometheus(success({ resultType: 'scalar', result: [now() - 300, '5'] }));
    expect(age).toBeGreaterThan(299_000);
    expect(age).toBeLessThan(310_000);
    expect((await prometheus(vector('5'))).age).toBeLessThan(5000);
  });

  it.each([
    ['no series', () => vector(), 'the query finds no series'],
    ['several', () => vector('1', '2'), 'the query gives 2 series, and one is wanted: avg() or sum() them'],
    ['NaN', () => vector('NaN'), 'the metric is NaN'],
    ['infinity', () => vector('+Inf'), 'the metric is Infinity'],
    ['text', () => vector('much'), 'the metric is "much", and no number'],
    [
      'a range',
      () => success({ resultType: 'matrix', result: [] }),
      'the query gives a matrix, and one number is wanted',
    ],
    ['half an answer', () => success({ resultType: 'scalar' }), 'the answer of Prometheus has no sample'],
    ['no JSON', () => ({ body: '<html>' }), 'the answer is HTTP 200: <html>'],
    [
      'a query that is wrong',
      () => ({
        status: 400,
        body: '{"status":"error","errorType":"bad_data","error":"parse error: unclosed left paren"}',
      }),
      'the answer is HTTP 400: parse error: unclosed left paren',
    ],
    ['an overload', () => ({ status: 503, body: '' }), 'the answer is HTTP 503'],
    ['a redirect', () => ({ status: 302, headers: { location: '/login' }, body: '' }), 'the answer is HTTP 302'],
  ])('has no value in %s', async (_, given, missing) => {
    expect(await prometheus(given())).toEqual({ value: null, missing, age: 0 });
  });

  it('that does not answer in time has no value', async () => {
    answer = 'never';
    const metric = { prometheus: { url: base, query: 'up' } };
    expect(await readMetricValue(metric, secrets, 50)).toEqual({
      value: null,
      missing: 'no answer within 0.05 s',
      age: 0,
    });
  });

  it('that is not there has no value', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const read = await readMetricValue({ prometheus: { url, query: 'up' } }, secrets);
    expect(read).toEqual({ value: null, missing: 'connection refused', age: 0 });
  });
});

describe('JSON over HTTP', () => {
  it('has the number where the path leads', async () => {
    expect(await json({ data: { load: [12.5, 3] } })).toEqual({ value: 12.5, missing: '', age: 0 });
    expect(await json({ 'load.1m': 7 }, '["load.1m"]')).toMatchObject({ value: 7 });
    expect(await json({ data: { load: ['42'] } })).toMatchObject({ value: 42 });
  });

  it('is as old as the cache on the way says', async () => {
    answer = { headers: { age: '90' }, body: '{"load":1}' };
    const read = await readMetricValue({ json: { url: base, path: 'load' } }, secrets);
    expect(read).toEqual({ value: 1, missing: '', age: 90_000 });
  });

  it.each([
    ['nothing there', { data: {} }, 'data.load is missing'],
    ['null', { data: { load: [null] } }, 'the metric is null, and no number'],
    ['true', { data: { load: [true] } }, 'the metric is true, and no number'],
    ['an empty text', { data: { load: [''] } }, 'the metric is "", and no number'],
    ['an object', { data: { load: [{}] } }, 'the metric is {}, and no number'],
    ['no JSON', 'load: 5', 'the answer is no JSON'],
  ])('has no value in %s', async (_, body, missing) => {
    expect(await json(body)).toEqual({ value: null, missing, age: 0 });
  });
});

describe('secrets in headers', () => {
  const withHeader = (authorization: string) => {
    answer = { body: '{"load":1}' };
    const headers = { Authorization: authorization };
    return readMetricValue({ json: { url: base, path: 'load', headers } }, secrets);
  };

  it('are read where the metric is', async () => {
    await withHeader('Bearer {{secret:PROMETHEUS}}');
    await withHeader('secret:PROMETHEUS');
    expect(asked.map(({ authorization }) => authorization)).toEqual(['Bearer tok-123456', 'tok-123456']);
  });

  it('that nobody knows are a missing value', async () => {
    const { value, missing } = await withHeader('secret:NOBODY');
    expect(value).toBeNull();
    expect(missing).toContain('secret NOBODY has no value');
    expect(asked).toEqual([]);
  });

  it('show in no message', async () => {
    const { missing } = await withHeader('Bearer {{secret:BROKEN}}');
    expect(missing).not.toBe('');
    expect(missing).not.toContain('line-one');
  });
});
