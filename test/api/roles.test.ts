import type { RouteOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Access } from '../../api/access/rule.ts';
import type { App } from '../../api/app.ts';
import { buildServer } from '../../api/server.ts';
import { ROLES, type Actor } from '../../model/actor.ts';
import { serveApi, type Served } from './served.ts';

const SETUP: Actor = { name: 'setup', role: 'admin', via: 'local', from: null };

/** Who asks, from the one who may least. */
const ASKERS = ['without a token', 'with a token that is not known', ...ROLES] as const;
type Asker = (typeof ASKERS)[number];

interface Route {
  method: string;
  url: string;
  access: Access;
  opendcp: boolean;
}

let api: Served;
let app: App;
const routes: Route[] = [];
const secrets = new Map<Asker, string>();

beforeAll(async () => {
  api = await serveApi();
  for (const role of ROLES) secrets.set(role, (await api.store.tokens.create(SETUP, { name: role, role })).secret);
  secrets.set('with a token that is not known', `drv_${'x'.repeat(43)}`);
  app = buildServer(api.parts);
  app.addHook('onRoute', (route) => void routes.push(...routesOf(route)));
  await app.ready();
});

afterAll(async () => {
  await app.close();
  await api.close();
});

function routesOf({ method, url, config }: RouteOptions): Route[] {
  const { access = 'admin', opendcp = false } = config ?? {};
  return [method].flat().map((one) => ({ method: one, url, access, opendcp }));
}

function expected(access: Access, asker: Asker): 401 | 403 | 'let in' {
  if (access === 'public') return 'let in';
  if (ASKERS.indexOf(asker) < 2) return 401;
  return ASKERS.indexOf(asker) >= ASKERS.indexOf(access) ? 'let in' : 403;
}

async function ask(
  { method, url }: Route,
  asker: Asker,
): Promise<{ status: number; body: string; challenge: unknown }> {
  const secret = secrets.get(asker);
  const answer = await app.inject({
    method: method as 'GET',
    url: url.replace(/:\w+|\*/g, '7'),
    headers: {
      host: 'localhost',
      ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
      ...(!['GET', 'HEAD'].includes(method) && { 'content-type': 'application/json' }),
    },
    ...(!['GET', 'HEAD'].includes(method) && { payload: '{}' }),
  });
  return { status: answer.statusCode, body: answer.body, challenge: answer.headers['www-authenticate'] };
}

describe.each(ASKERS)('asked %s', (asker) => {
  it('every method of every route lets in or refuses as its rule says', async () => {
    expect(routes.length).toBeGreaterThan(20);
    const wrong: string[] = [];
    for (const route of routes) {
      const { status } = await ask(route, asker);
      const got = status === 401 || status === 403 ? status : 'let in';
      const wanted = expected(route.access, asker);
      if (got !== wanted) wrong.push(`${route.method} ${route.url} (${route.access}): ${status}, expected ${wanted}`);
    }
    expect(wrong).toEqual([]);
  });

  it('every refusal is in the shape of its route', async () => {
    for (const route of routes.filter(
      ({ method, access }) => method !== 'HEAD' && expected(access, asker) !== 'let in',
    )) {
      const { status, body, challenge } = await ask(route, asker);
      const code = status === 401 ? 'unauthorized' : 'forbidden';
      expect(JSON.parse(body), route.url).toEqual(
        route.opendcp
          ? { code: status, msg: expect.any(String) as string, data: {} }
          : { error: { code, message: expect.any(String) as string } },
      );
      expect(challenge).toBe(status === 401 ? 'Bearer' : undefined);
    }
  });

  it('what is not there is 404', async () => {
    for (const url of ['/api/v1/nothing', '/api/v2/tasks', '/nothing/7'])
      expect((await ask({ method: 'GET', url, access: 'public', opendcp: false }, asker)).status).toBe(404);
  });
});

describe('the rules', () => {
  const under = (access: Access) => routes.filter((route) => route.access === access && route.method !== 'HEAD');

  it('leave open what tells nothing of tasks and nodes, and no more', () => {
    const open = under('public').map(({ url }) => url);
    expect(['/', '/healthz', '/openapi.json', '/readyz']).toEqual(expect.arrayContaining(open));
    expect(open).toContain('/healthz');
  });

  it('keep tokens and the audit for admins', () => {
    expect(
      under('admin')
        .map(({ method, url }) => `${method} ${url}`)
        .toSorted(),
    ).toEqual(['DELETE /api/v1/tokens/:name', 'GET /api/v1/audit', 'GET /api/v1/tokens', 'POST /api/v1/tokens']);
  });

  it('let a viewer of /api/v1 change nothing', () => {
    const changing = under('viewer').filter(({ method, opendcp }) => !opendcp && method !== 'GET');
    // What is asked by POST here is checked, and nothing more.
    expect(changing.map(({ url }) => url).filter((url) => url !== '/api/v1/dry-run')).toEqual([]);
  });

  it("let a viewer change nothing by OpenDCP's routes, whose methods tell nothing", () => {
    const changes =
      /create|update|delete|add|remove|start|stop|pause|save|expand(?!List)|shrink|deploy|enable|disable/i;
    const changing = under('viewer').filter(({ url, opendcp }) => opendcp && changes.test(url));
    expect(changing.map(({ url }) => url)).toEqual([]);
  });
});

describe('a route without a rule', () => {
  it('is refused when it is registered', async () => {
    const other = buildServer(api.parts);
    expect(() => other.get('/unruled', () => 'open')).toThrow('GET /unruled says not who may call it');
    await other.close();
  });

  it('keeps the server from being built, wherever it is', async () => {
    const other = buildServer(api.parts);
    void other.register(
      (routes) =>
        new Promise<void>((added) => {
          routes.all('/unruled', () => 'open');
          added();
        }),
    );
    await expect(other.ready()).rejects.toThrow('/unruled');
  });
});
