import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { trustedAddresses } from '../../api/access/addresses.ts';
import type { AccessSettings } from '../../api/access/settings.ts';
import { serve } from '../../api/serve.ts';
import { buildServer } from '../../api/server.ts';
import type { Actor, Role } from '../../model/actor.ts';
import type { AuditEntry } from '../../store/access.ts';
import { eventually } from '../support/eventually.ts';
import { endTask, seedTask, serveApi, TEMPLATE, type Served } from './served.ts';

const SETUP: Actor = { name: 'setup', role: 'admin', via: 'local', from: null };
const ADMIN_TOKEN = 'an-admin-token-of-the-environment';

let api: Served;
let url: string;
const servers: { close(): Promise<void> }[] = [];
/** The audit's last entry before a test. */
let mark = 0;

beforeAll(async () => {
  api = await serveApi();
});
afterAll(() => api.close());

/** A server without tokens, over the store that the tests share. */
async function open({ access, host = '127.0.0.1' }: { access?: AccessSettings; host?: string } = {}): Promise<void> {
  const server = await serve({ ...api.parts, ...(access && { access }) }, { host, port: 0 });
  servers.push(server);
  url = `http://127.0.0.1:${new URL(server.url).port}`;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  for (const { name } of await api.store.tokens.list()) await api.store.tokens.revoke(SETUP, name);
  mark = (await api.store.audit.list({ limit: 1 })).items[0]?.id ?? 0;
});

interface Answer {
  status: number;
  headers: Headers;
  json: {
    error: { code: string; message: string };
    items: (Record<string, unknown> & { name: string })[];
    next: string | null;
  } & Record<string, unknown>;
}

/** `as`: what the Authorization header says. */
async function ask(
  method: string,
  path: string,
  { as, body, headers = {} }: { as?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...headers,
      ...(as !== undefined && { authorization: as }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    json: (text === '' ? {} : JSON.parse(text)) as Answer['json'],
  };
}

async function refusal(asked: Promise<Answer>): Promise<[number, string]> {
  const { status, json } = await asked;
  return [status, json.error.code];
}

const whoami = async (as?: string, headers?: Record<string, string>) =>
  (await ask('GET', '/api/v1/whoami', { ...(as !== undefined && { as }), ...(headers && { headers }) })).json;

async function token(name: string, role: Role): Promise<string> {
  return (await api.store.tokens.create(SETUP, { name, role })).secret;
}

async function audit(): Promise<AuditEntry[]> {
  return (await api.store.audit.list({ limit: 100 })).items.filter(({ id }) => id > mark);
}

/** As a browser or a proxy asks, that sets headers which fetch does not let us set. */
function statusWith(headers: Record<string, string>, path = '/api/v1/tasks'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}${path}`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject).end();
  });
}

describe('a server without tokens', () => {
  it('takes everybody on its machine for an admin, by the name they give', async () => {
    await open();
    expect(await whoami()).toEqual({ name: '', role: 'admin', via: 'open', from: '127.0.0.1' });
    expect(await whoami('alice')).toMatchObject({ name: 'alice', via: 'open' });
    expect(await whoami(Buffer.from('张伟').toString('latin1'))).toMatchObject({ name: '张伟' });
  });

  it.each(['Bearer something', `drv_${'a'.repeat(43)}`, 'Basic YWxpY2U6c2VjcmV0', 'Token abc'])(
    'takes no secret for a name: %s',
    async (header) => {
      await open();
      expect(await whoami(header)).toMatchObject({ name: '', via: 'open' });
    },
  );

  it('turns away pages of other sites, and names that resolve to loopback', async () => {
    await open();
    expect(await refusal(ask('GET', '/api/v1/tasks', { headers: { origin: 'http://evil.example' } }))).toEqual([
      403,
      'forbidden',
    ]);
    expect(await statusWith({ host: 'evil.example' })).toBe(403);
    const image = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
    expect(await statusWith(image)).toBe(403);
    expect(await statusWith({ ...image, 'sec-fetch-site': 'same-site' })).toBe(403);
    const link = { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect(await statusWith(link)).toBe(200);
    expect(await statusWith({ 'sec-fetch-site': 'same-origin', host: 'localhost:7610' })).toBe(200);
  });

  it('makes an admin first, and asks everybody from then on', async () => {
    await open();
    const make = (name: string, role?: Role, as?: string) =>
      ask('POST', '/api/v1/tokens', { body: { name, role }, ...(as !== undefined && { as }) });
    expect(await refusal(make('ci'))).toEqual([409, 'first_is_admin']);
    const made = await make('alice', 'admin');
    expect(made).toMatchObject({ status: 201, json: { name: 'alice', role: 'admin', revokedAt: null } });
    expect(made.headers.get('cache-control')).toBe('no-store');
    const secret = String(made.json['secret']);
    expect(secret).toMatch(/^drv_[\w-]{43}$/);
    expect(await refusal(make('ci'))).toEqual([401, 'unauthorized']);
    expect((await make('ci', 'operator', `Bearer ${secret}`)).status).toBe(201);
    expect((await ask('GET', '/healthz')).status).toBe(200);
  });

  it('is refused at any address but loopback', async () => {
    await open();
    const elsewhere = serve(api.parts, { host: '0.0.0.0', port: 0 });
    await expect(elsewhere).rejects.toThrow(/drover token create NAME --role admin[^]*DROVER_ADMIN_TOKEN/);
  });
});

describe('a token', () => {
  it('is taken with and without Bearer, and says who asks', async () => {
    await open();
    const secret = await token('ci', 'operator');
    const ci = { name: 'ci', role: 'operator', via: 'token', from: '127.0.0.1' };
    expect(await whoami(`Bearer ${secret}`)).toEqual(ci);
    expect(await whoami(`bearer  ${secret} `)).toEqual(ci);
    expect(await whoami(secret)).toEqual(ci);
  });

  it('that is not known is answered the same, whatever it is', async () => {
    await open();
    const secret = await token('ci', 'operator');
    await api.store.tokens.revoke(SETUP, 'ci');
    await token('alice', 'admin');
    const answers = await Promise.all(
      [secret, 'alice', `Bearer ${secret}`, `Bearer ${secret.slice(0, -1)}`, 'Bearer', 'Basic YTpi'].map((as) =>
        ask('GET', '/api/v1/tasks', { as }),
      ),
    );
    const [first] = answers;
    expect(first).toMatchObject({ status: 401, json: { error: { code: 'unauthorized' } } });
    expect(first?.headers.get('www-authenticate')).toBe('Bearer');
    for (const { status, json } of answers) expect({ status, json }).toEqual({ status: 401, json: first?.json });
  });

  it('is refused from the very next request after it was revoked', async () => {
    await open();
    const admin = await token('alice', 'admin');
    const secret = await token('ci', 'viewer');
    expect((await ask('GET', '/api/v1/tasks', { as: secret })).status).toBe(200);
    expect((await ask('DELETE', '/api/v1/tokens/ci', { as: admin })).status).toBe(204);
    expect((await ask('GET', '/api/v1/tasks', { as: secret })).status).toBe(401);
    expect(await refusal(ask('DELETE', '/api/v1/tokens/ci', { as: admin }))).toEqual([404, 'not_found']);
  });

  it('revoked by another server is refused within seconds', async () => {
    await open();
    await token('alice', 'admin');
    const secret = await token('ci', 'viewer');
    expect((await ask('GET', '/api/v1/tasks', { as: secret })).status).toBe(200);
    await api.store.tokens.revoke(SETUP, 'ci');
    await eventually(async () => expect((await ask('GET', '/api/v1/tasks', { as: secret })).status).toBe(401));
  });

  it('is listed without its secret, with when it was used', async () => {
    await open();
    const admin = await token('alice', 'admin');
    await token('ci', 'viewer');
    await api.store.tokens.revoke(SETUP, 'ci');
    await ask('GET', '/api/v1/tasks', { as: admin });
    await eventually(async () => {
      const { json } = await ask('GET', '/api/v1/tokens', { as: admin });
      expect(json.items).toMatchObject([
        { name: 'alice', createdBy: 'setup', lastUsedAt: expect.any(String) as string },
      ]);
    });
    const { json } = await ask('GET', '/api/v1/tokens?revoked=true', { as: admin });
    expect(json.items.slice(0, 2)).toMatchObject([
      { name: 'ci', revokedAt: expect.any(String) as string },
      { name: 'alice' },
    ]);
    expect(JSON.stringify(json)).not.toContain('drv_');
  });

  it('has a name of plain characters', async () => {
    await open();
    for (const name of ['', 'a b', 'ü', '-x', 'x'.repeat(101), 'a\0b'])
      expect(await refusal(ask('POST', '/api/v1/tokens', { body: { name, role: 'admin' } }))).toEqual([400, 'invalid']);
  });

  it('has a name that no other live one has', async () => {
    await open();
    const as = await token('alice', 'admin');
    const make = (name: string) => refusal(ask('POST', '/api/v1/tokens', { as, body: { name } }));
    expect(await make('Alice')).toEqual([409, 'name_taken']);
    expect(await make('DROVER_ADMIN_TOKEN')).toEqual([409, 'name_taken']);
  });
});

describe('somebody is always left who can make tokens', () => {
  it('the last admin stays while there are others', async () => {
    await open();
    const as = await token('alice', 'admin');
    await token('ci', 'operator');
    expect(await refusal(ask('DELETE', '/api/v1/tokens/alice', { as }))).toEqual([409, 'last_admin']);
    await ask('DELETE', '/api/v1/tokens/ci', { as });
    expect((await ask('DELETE', '/api/v1/tokens/alice', { as })).status).toBe(204);
    expect(await whoami()).toMatchObject({ via: 'open' });
  });

  it('of two that revoke each other at once, one stays', async () => {
    await open();
    const [alice, bob] = [await token('alice', 'admin'), await token('bob', 'admin')];
    await token('ci', 'operator');
    const answers = await Promise.all([
      ask('DELETE', '/api/v1/tokens/bob', { as: alice }),
      ask('DELETE', '/api/v1/tokens/alice', { as: bob }),
    ]);
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect((await api.store.tokens.list()).filter(({ role }) => role === 'admin')).toHaveLength(1);
  });

  it('a server that others reach keeps its last token, and serves nobody should it be gone', async () => {
    await open();
    const secret = await token('alice', 'admin');
    const app = buildServer(api.parts, 'network');
    const authorization = `Bearer ${secret}`;
    const revoke = await app.inject({ method: 'DELETE', url: '/api/v1/tokens/alice', headers: { authorization } });
    expect([revoke.statusCode, revoke.json()]).toMatchObject([409, { error: { code: 'last_token' } }]);
    const other = buildServer(api.parts);
    const revoked = await other.inject({ method: 'DELETE', url: '/api/v1/tokens/alice', headers: { authorization } });
    expect(revoked.statusCode).toBe(204);
    const statusOf = async (url: string) => (await app.inject({ url, headers: { host: 'localhost' } })).statusCode;
    await eventually(async () => expect(await statusOf('/api/v1/whoami')).toBe(401));
    expect(await statusOf('/healthz')).toBe(200);
    await Promise.all([app.close(), other.close()]);
  });
});

describe('DROVER_ADMIN_TOKEN', () => {
  it('is an admin that is in no database, at any address', async () => {
    await open({ host: '0.0.0.0', access: { adminToken: ADMIN_TOKEN } });
    expect((await ask('GET', '/api/v1/tasks')).status).toBe(401);
    expect(await whoami(`Bearer ${ADMIN_TOKEN}`)).toMatchObject({
      name: 'DROVER_ADMIN_TOKEN',
      role: 'admin',
      via: 'token',
    });
    expect(await api.store.tokens.count()).toBe(0);
    const made = await ask('POST', '/api/v1/tokens', { as: ADMIN_TOKEN, body: { name: 'ci', role: 'viewer' } });
    expect(made.status).toBe(201);
    expect((await ask('DELETE', '/api/v1/tokens/ci', { as: ADMIN_TOKEN })).status).toBe(204);
    expect((await ask('GET', '/api/v1/tasks')).status).toBe(401);
  });
});

describe('a reverse proxy', () => {
  it('on the same machine may pass other names on, once there are tokens', async () => {
    await open();
    const proxied = { host: 'drover.example', origin: 'https://drover.example', 'sec-fetch-site': 'same-origin' };
    expect(await statusWith(proxied)).toBe(403);
    const authorization = `Bearer ${await token('alice', 'admin')}`;
    await eventually(async () => expect(await statusWith(proxied)).toBe(401));
    expect(await statusWith({ ...proxied, authorization })).toBe(200);
  });
});

describe('trusted addresses', () => {
  const trusting = async (addresses: string): Promise<void> => {
    await open({ access: { trusted: trustedAddresses(addresses) } });
    await token('alice', 'admin');
  };

  it('are none by default', async () => {
    await open();
    await token('alice', 'admin');
    expect((await ask('GET', '/api/v1/tasks', { as: 'bob' })).status).toBe(401);
  });

  it.each(['127.0.0.1', '192.0.2.7, 127.0.0.0/8', '::ffff:127.0.0.1'])(
    '%s name users, as operators',
    async (addresses) => {
      await trusting(addresses);
      expect(await whoami('bob')).toEqual({ name: 'bob', role: 'operator', via: 'trusted', from: '127.0.0.1' });
      expect(await refusal(ask('GET', '/api/v1/tokens', { as: 'bob' }))).toEqual([403, 'forbidden']);
      expect((await ask('GET', '/api/v1/tasks')).status).toBe(401);
    },
  );

  it('name nobody by what is a token by its looks, or has a scheme', async () => {
    await trusting('127.0.0.1');
    for (const as of ['Bearer bob', `drv_${'a'.repeat(43)}`, 'Basic Ym9iOmI=', 'drv_mistyped'])
      expect((await ask('GET', '/api/v1/tasks', { as })).status).toBe(401);
    expect(await whoami(await token('ci', 'viewer'))).toMatchObject({ name: 'ci', via: 'token', role: 'viewer' });
  });

  it('are those of the connection, not of X-Forwarded-For', async () => {
    await trusting('192.0.2.7');
    const headers = { 'x-forwarded-for': '192.0.2.7', forwarded: 'for=192.0.2.7', 'x-real-ip': '192.0.2.7' };
    expect((await ask('GET', '/api/v1/tasks', { as: 'bob', headers })).status).toBe(401);
    await api.store.tokens.revoke(SETUP, 'alice');
    await trusting('127.0.0.1');
    const from = { 'x-forwarded-for': '203.0.113.9' };
    expect(await whoami('bob', from)).toMatchObject({ via: 'trusted', from: '127.0.0.1' });
  });
});

describe('the audit', () => {
  const submission = { template: TEMPLATE, nodes: ['a', 'b'], params: { tag: 'confidential' }, rollout: { batch: 1 } };

  it('has who started a task with what, without the values of its parameters', async () => {
    await open();
    const as = await token('ci', 'operator');
    await ask('POST', '/api/v1/tasks', { as, body: { ...submission, name: 'web-1', startedBy: 'somebody else' } });
    expect(api.temporal.submitted.at(-1)).toMatchObject({ name: 'web-1', startedBy: 'ci' });
    const [entry] = await audit();
    expect(entry).toMatchObject({
      actor: { name: 'ci', role: 'operator', via: 'token', from: '127.0.0.1' },
      ...{ action: 'task.start', kind: 'task', name: 'web-1', before: null, outcome: 'ok' },
      after: { template: 'web', nodes: 2, params: ['tag'], rollout: { batch: 1 } },
    });
    expect(JSON.stringify(entry)).not.toContain('confidential');
  });

  it('names the one who started a task as well as is known', async () => {
    await open({ access: { trusted: trustedAddresses('127.0.0.1') } });
    const startedBy = async (more: object, as?: string) => {
      await ask('POST', '/api/v1/tasks', { ...(as !== undefined && { as }), body: { ...submission, ...more } });
      return api.temporal.submitted.at(-1)?.startedBy;
    };
    expect(await startedBy({ name: 'a' })).toBe('http');
    expect(await startedBy({ name: 'b', startedBy: 'me@home' })).toBe('me@home');
    expect(await startedBy({ name: 'c' }, 'bob')).toBe('bob');
    await token('alice', 'admin');
    await eventually(async () => expect(await whoami('bob')).toMatchObject({ via: 'trusted' }));
    expect(await startedBy({ name: 'd', startedBy: 'me@home' }, 'bob')).toBe('bob');
  });

  it('has every steering, with what was before, what was asked, and how it went', async () => {
    await open();
    const task = await seedTask(api, 'steered');
    const tell = (what: string, body?: object) => ask('POST', `/api/v1/tasks/steered/${what}`, body ? { body } : {});
    await tell('pause');
    await tell('resume');
    await tell('retry', { nodes: ['web-01'] });
    await tell('skip', { nodes: ['web-02'] });
    await ask('PATCH', '/api/v1/tasks/steered/rollout', { body: { batch: 10 } });
    await tell('stop', { kill: true });
    await endTask(api, task);
    await tell('pause');
    const before = { status: 'running' };
    expect((await audit()).toReversed()).toMatchObject([
      { action: 'task.pause', name: 'steered', before, after: {}, outcome: 'ok' },
      { action: 'task.resume', before, after: {} },
      { action: 'task.retry', before, after: { nodes: ['web-01'] } },
      { action: 'task.skip', before, after: { nodes: ['web-02'] } },
      { action: 'task.rollout', before: { onBudget: 'pause' }, after: { batch: 10 }, outcome: 'ok' },
      { action: 'task.stop', before, after: { kill: true } },
      { action: 'task.pause', before: { status: 'ok' }, outcome: expect.stringContaining('steered') as string },
    ]);
  });

  it('has tokens made and revoked, and files', async () => {
    await open();
    const made = await ask('POST', '/api/v1/tokens', { as: 'me', body: { name: 'alice', role: 'admin' } });
    const as = String(made.json['secret']);
    await ask('POST', '/api/v1/tokens', { as, body: { name: 'ci' } });
    await ask('DELETE', '/api/v1/tokens/ci', { as });
    const sha256 = '4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a'; // of one byte 1
    const type = { authorization: as, 'content-type': 'application/octet-stream' };
    await fetch(`${url}/api/v1/files/${sha256}`, { method: 'PUT', body: Buffer.from([1]), headers: type });
    expect((await audit()).toReversed()).toMatchObject([
      { action: 'token.create', name: 'alice', actor: { name: 'me', via: 'open' }, after: { role: 'admin' } },
      { action: 'token.create', name: 'ci', actor: { name: 'alice', via: 'token' }, after: { role: 'operator' } },
      { action: 'token.revoke', name: 'ci', before: { role: 'operator' } },
      { action: 'file.put', kind: 'file', name: sha256, after: { size: 1 } },
    ]);
  });

  it('is read by filters, page by page', async () => {
    await open();
    for (const name of ['a', 'b', 'c'])
      await api.store.audit.write({ ...SETUP, name: 'x' }, { action: 'page.update', kind: 'page', name });
    await api.store.audit.write({ ...SETUP, name: 'y' }, { action: 'book.start', kind: 'book', name: 'a' });
    const names = async (query: string) =>
      (await ask('GET', `/api/v1/audit?${query}`)).json.items.map(({ name }) => name);
    expect(await names('kind=page')).toEqual(['c', 'b', 'a']);
    expect(await names('actor=y&action=book.start')).toEqual(['a']);
    expect((await names('name=a')).slice(0, 2)).toEqual(['a', 'a']);
    expect(await names('since=2999-01-01T00:00:00Z')).toEqual([]);
    expect(await names('until=2000-01-01T00:00:00%2B02:00')).toEqual([]);
    const first = (await ask('GET', '/api/v1/audit?actor=x&limit=2')).json;
    expect(first.items).toHaveLength(2);
    const rest = (await ask('GET', `/api/v1/audit?actor=x&limit=2&cursor=${String(first.next)}`)).json;
    expect([rest.items.map(({ name }) => name), rest.next]).toEqual([['a'], null]);
  });

  it('refuses filters that make no sense', async () => {
    await open();
    const refused = ['limit=0', 'limit=x', 'since=yesterday', 'cursor=nonsense', 'actor=%00', 'frob=1'];
    for (const query of [...refused, `name=${'x'.repeat(301)}`])
      expect(await refusal(ask('GET', `/api/v1/audit?${query}`)), query).toEqual([400, 'invalid']);
  });

  it('takes every filter that it may be given', async () => {
    await open();
    const times = ['since=0000-01-01T00:00:00Z', 'until=9999-12-31T23:59:59Z'];
    for (const query of [...times, 'actor=%F0%9F%90%92', 'name=%25_', 'actor=', 'limit=500'])
      expect((await ask('GET', `/api/v1/audit?${query}`)).status, query).toBe(200);
  });

  it('keeps what no database could, so that no request fails by its entry', async () => {
    await open();
    await seedTask(api, 'odd');
    for (const body of [{ batch: '\0' }, { 'a\0\ud800': '\ud800' }, { batch: 'x'.repeat(100_000) }])
      expect((await ask('PATCH', '/api/v1/tasks/odd/rollout', { body })).status).toBeLessThan(500);
    expect(await audit()).toHaveLength(3);
  });
});
