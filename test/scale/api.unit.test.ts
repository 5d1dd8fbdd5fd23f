import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cloud } from '../../demo/clouds/cloud.ts';
import { freePort } from '../../embedded/port.ts';
import type { Json } from '../../model/json.ts';
import { idAt } from '../../model/json-path.ts';
import { Api, type ApiRequest } from '../../scale/api.ts';
import { retryAfter } from '../../scale/failures.ts';
import { Limiters } from '../../scale/limiters.ts';
import { NotSent, Refused, Unclear } from '../../scale/provider.ts';
import { LARGEST_REPLY } from '../../scale/reply.ts';
import { calling, rejection } from './asking.ts';

let cloud: Cloud;
let made = 0;

beforeEach(async () => {
  made = 0;
  const make = () => ({ body: { id: `m-${++made}`, big: 1 } });
  cloud = await Cloud.serve([
    { kind: 'make', method: 'POST', path: '/make', answer: make },
    { kind: 'read', method: 'GET', path: '/read', answer: () => ({ body: '{"id": 9007199254740993, "size": 1.5}' }) },
    { kind: 'empty', method: 'DELETE', path: '/one', answer: () => ({ status: 204 }) },
    { kind: 'move', method: 'POST', path: '/moved', answer: () => ({ status: 307, headers: { location: '/make' } }) },
    { kind: 'big', method: 'GET', path: '/big', answer: () => ({ body: `"${'x'.repeat(LARGEST_REPLY)}"` }) },
  ]);
});

afterEach(() => cloud.close());

const MAKE: ApiRequest = { method: 'POST', path: '/make?key=s3cr3t-key', body: { count: 1 } };
const READ: ApiRequest = { method: 'GET', path: '/read' };
const id = ({ json }: { json: Json }) => idAt(json, 'id');

function api(options: Partial<ConstructorParameters<typeof Api>[1]> = {}, limiters = new Limiters()): Api {
  return new Api('vendor', { endpoint: cloud.endpoint, requestsPerSecond: 1000, ...options }, limiters, ['s3cr3t-key']);
}

describe('a request that must not be made twice', () => {
  it('is made once, and read', async () => {
    expect(await api().once(MAKE, calling(), id)).toBe('m-1');
    expect(cloud.last('make')).toMatchObject({ text: '{"count":1}', headers: { 'content-type': 'application/json' } });
  });

  it.each([
    ['a reply that is lost', { does: 'lose-reply' }, 1, 'vendor: POST /make: no reply: the connection broke'],
    ['a connection that breaks before', { does: 'drop' }, 0, 'vendor: POST /make: no reply: the connection broke'],
    ['a 500 after the effect', { does: 'fail-after' }, 1, 'vendor: POST /make: 500: Internal Server Error'],
    ['a 502 before it', { does: 'fail-before', status: 502 }, 0, 'vendor: POST /make: 502: Internal Server Error'],
    ['half a reply', { does: 'garble' }, 1, 'vendor: POST /make: 200: the reply is no JSON: {"id":"m-1'],
    ['no reply in time', { does: 'delay', ms: 5000 }, 1, 'vendor: POST /make: no reply within 0.2 s'],
  ] as const)('is Unclear and not repeated after %s', async (_, trouble, effects, message) => {
    cloud.trouble('make', trouble);
    const error = await rejection(api({ timeout: 200 }).once(MAKE, calling(), id));
    expect(error).toBeInstanceOf(Unclear);
    expect(String(error)).toContain(message);
    expect([cloud.count('make'), made]).toEqual([1, effects]);
  });

  it('is Unclear when its reply is JSON and says something else', async () => {
    const error = await rejection(api().once(MAKE, calling(), ({ json }) => idAt(json, 'data.id')));
    expect(error).toEqual(new Unclear('vendor: POST /make: the reply is not as expected: data is missing'));
  });

  it('is refused with the words of the vendor', async () => {
    const body = { error: { code: 'quota', message: 'no more\nthan 3 for s3cr3t-key' } };
    cloud.trouble('make', { does: 'refuse', answer: { status: 403, body } });
    const error = await rejection(api().once(MAKE, calling(), id));
    expect(error).toEqual(new Refused('vendor: POST /make: 403: no more than 3 for ***'));
    expect(made).toBe(0);
  });

  it('is refused when the reply, which is well, says so', async () => {
    const refusal = () => 'code 7: s3cr3t-key is not known';
    const error = await rejection(api().once({ ...MAKE, refusal }, calling(), id));
    expect(error).toEqual(new Refused('vendor: POST /make: code 7: *** is not known'));
  });

  it('does not follow a redirect, which would take the credentials along', async () => {
    const error = await rejection(api().once({ ...MAKE, path: '/moved' }, calling(), id));
    expect(error).toEqual(new Refused('vendor: POST /moved: 307: leads to /make; is this the endpoint?'));
    expect(made).toBe(0);
  });

  it('is made again when it was turned away undone, after the time that the vendor asks for', async () => {
    cloud.trouble('make', { does: 'throttle', after: 1 });
    const call = calling();
    const before = performance.now();
    expect(await api().once(MAKE, call, id)).toBe('m-1');
    expect(performance.now() - before).toBeGreaterThan(950);
    expect(call.said).toEqual(['vendor: POST /make: 429; again in 1.0 s']);
    expect(made).toBe(1);
  });

  it('is NotSent when the vendor wants to be left alone for long', async () => {
    cloud.trouble('make', { does: 'throttle', after: 3600 });
    expect(await rejection(api().once(MAKE, calling(), id))).toEqual(new NotSent('vendor: POST /make: 429'));
  });

  it('is NotSent when nobody listens, again and again', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const call = calling(AbortSignal.timeout(10_000));
    const error = await rejection(api({ endpoint: nobody }).once(MAKE, call, id));
    expect(error).toEqual(new NotSent('vendor: POST /make: cannot be reached: nothing listens there'));
    expect(call.said).toHaveLength(5);
  }, 15_000);

  it('makes each try anew when it is given as a function', async () => {
    cloud.trouble('make', { does: 'throttle' });
    let tries = 0;
    await api().once(() => ({ ...MAKE, headers: { timestamp: String(++tries) } }), calling(), id);
    expect(cloud.asked.map(({ headers }) => headers['timestamp'])).toEqual(['1', '2']);
  });

  it('is refused without its value when a header cannot hold it', async () => {
    const error = await rejection(api().once({ ...MAKE, headers: { token: 'a\nb' } }, calling(), id));
    expect(error).toEqual(new Refused('vendor: POST /make: the header token has characters that a header cannot have'));
  });
});

describe('a request that may be repeated', () => {
  it.each([
    { does: 'lose-reply' },
    { does: 'drop' },
    { does: 'fail-before', status: 503 },
    { does: 'garble' },
    { does: 'delay', ms: 5000 },
    { does: 'throttle' },
  ] as const)('is made again after $does', async (trouble) => {
    cloud.trouble('read', trouble);
    const call = calling();
    expect(await api({ timeout: 200 }).repeatable(READ, call, id)).toBe('9007199254740993');
    expect(cloud.count('read')).toBe(2);
    expect(call.said).toEqual([expect.stringMatching(/^vendor: GET \/read: .*; again in 0\.\d s$/)]);
  });

  it('is made again when its reply is not as expected', async () => {
    const call = calling();
    const read = ({ json }: { json: Json }) => idAt(json, call.said.length === 0 ? 'name' : 'id');
    expect(await api().repeatable(READ, call, read)).toBe('9007199254740993');
    expect(call.said[0]).toContain('the reply is not as expected: name is missing; again in');
  });

  it('is not when the vendor refuses it', async () => {
    cloud.trouble('read', { does: 'refuse', answer: { status: 401, body: 'who are you?' } });
    expect(await rejection(api().repeatable(READ, calling(), id))).toEqual(
      new Refused('vendor: GET /read: 401: who are you?'),
    );
    expect(cloud.count('read')).toBe(1);
  });

  it('is in doubt when it is refused after a try that may have been carried out', async () => {
    cloud.trouble('make', { does: 'lose-reply' });
    cloud.trouble('make', { does: 'refuse', answer: { status: 403, body: 'no more' } });
    expect(await rejection(api().repeatable(MAKE, calling(), id))).toEqual(
      new Unclear('vendor: POST /make: 403: no more; before that: vendor: POST /make: no reply: the connection broke'),
    );
  });

  it('ends with the reason of the signal, while it waits and while it is under way', async () => {
    for (const trouble of [
      { does: 'throttle', after: 30 },
      { does: 'delay', ms: 30_000 },
    ] as const) {
      cloud.trouble('read', trouble);
      const stop = new AbortController();
      const asked = api().repeatable(READ, calling(stop.signal), id);
      await expect.poll(() => cloud.count('read')).toBe(1);
      stop.abort(new Error('the activity is to end'));
      expect(await rejection(asked)).toEqual(new Error('the activity is to end'));
      cloud.asked.length = 0;
    }
  });
});

describe('a reply', () => {
  it('keeps whole numbers that JavaScript cannot hold as text', async () => {
    expect(await api().repeatable(READ, calling(), ({ json }) => json)).toEqual({ id: '9007199254740993', size: 1.5 });
  });

  it('may be without JSON where none is read', async () => {
    const reply = await api().repeatable({ method: 'DELETE', path: '/one', reply: 'any' }, calling(), (all) => all);
    expect(reply).toEqual({ status: 204, json: null });
  });

  it('is read up to a size', async () => {
    const error = await rejection(api().once({ method: 'GET', path: '/big' }, calling(), id));
    expect(error).toEqual(new Unclear(`vendor: GET /big: the reply is larger than ${LARGEST_REPLY} bytes`));
  });

  it('that breaks off is Unclear', async () => {
    const server = await breakingOff();
    const { port } = server.address() as { port: number };
    const error = await rejection(api({ endpoint: `http://127.0.0.1:${port}` }).once(MAKE, calling(), id));
    expect(error).toBeInstanceOf(Unclear);
    server.close();
  });
});

describe('Retry-After', () => {
  it('is in seconds or a date', () => {
    const now = Date.parse('Fri, 21 Nov 2026 10:00:00 GMT');
    expect(retryAfter('3', now)).toBe(3000);
    expect(retryAfter('Sat, 21 Nov 2026 10:00:05 GMT', now)).toBe(5000);
    expect(retryAfter('Sat, 21 Nov 2026 09:00:00 GMT', now)).toBe(0);
    expect(retryAfter('soon', now)).toBeUndefined();
    expect(retryAfter(null, now)).toBeUndefined();
  });
});

describe('the rate limit', () => {
  it('is shared by all that ask one host, and spaces requests evenly', async () => {
    const limiters = new Limiters();
    const one = api({ requestsPerSecond: 20 }, limiters);
    const other = api({ requestsPerSecond: 20, endpoint: `${cloud.endpoint}/` }, limiters);
    const before = performance.now();
    await Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 ? one : other).repeatable(READ, calling(), id)));
    const took = performance.now() - before;
    expect(took).toBeGreaterThan(440);
    expect(took).toBeLessThan(2000);
  });

  it('lets one go that is no longer wanted', async () => {
    const limiter = new Limiters().of('http://127.0.0.1');
    await limiter.turn(0.01, new AbortController().signal);
    const stop = new AbortController();
    const turn = limiter.turn(0.01, stop.signal);
    stop.abort(new Error('stop'));
    expect(await rejection(turn)).toEqual(new Error('stop'));
    expect(await rejection(limiter.turn(1, AbortSignal.abort(new Error('over'))))).toEqual(new Error('over'));
  });
});

/** Promises a hundred bytes, sends ten, and is gone. */
async function breakingOff(): Promise<Server> {
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"id": "m-');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
