/**
 * How fast lists and details are read over HTTP with much in the store: 100,000 tasks, 1,000,000 nodes, 10,000 templates,
 * in PostgreSQL and embedded, and how long an import of 1,000 templates takes: `npx tsx bench/catalogue.ts [scale]`, scale 1
 * when not given, 0.1 for a tenth. Server, database and clients share this machine. Prints; judges nothing.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startPostgres } from '../test/support/postgres.ts';

const CLIENTS = 16;
/** Requests of each kind. */
const REQUESTS = 800;

const scale = Number(process.argv[2] ?? 1);
const TASKS = Math.round(100_000 * scale);
const TEMPLATES = Math.round(10_000 * scale);

interface Server {
  url: URL;
  token: string;
  stop(): Promise<void>;
}

async function bench(database: string, where: object): Promise<void> {
  console.log(`\n${database}: ${TASKS} tasks of 10 nodes, ${TEMPLATES} templates; ${CLIENTS} clients`);
  const seeding = performance.now();
  const server = await serve(where);
  console.log(`  seeded in ${((performance.now() - seeding) / 1000).toFixed(0)} s`);
  console.log(`  ${'request'.padEnd(52)} median ms   p99 ms   1/s`);
  for (const [name, path] of Object.entries(READS)) await measure(server, name, path);
  await importing(server);
  await server.stop();
}

const any = (count: number) => randomInt(1, Math.max(2, count));
const hex = () => any(TEMPLATES).toString(16).padStart(4, '0');

/** Every kind of list and detail, with what varies between requests. */
const READS: Record<string, () => string> = {
  'GET /api/v1/templates/:name': () => `/api/v1/templates/template-${any(TEMPLATES)}`,
  'GET /api/v1/templates?limit=50': () => '/api/v1/templates?limit=50',
  'GET /api/v1/templates?search=': () => `/api/v1/templates?limit=50&search=${hex()}`,
  'GET /api/v1/templates?sort=-updatedAt': () => '/api/v1/templates?limit=50&sort=-updatedAt',
  'GET /api/v1/templates?step=': () => '/api/v1/templates?limit=50&step=step-7',
  'GET /api/v1/actions/:name': () => `/api/v1/actions/action-${any(100)}`,
  'GET /api/v1/steps?limit=50': () => '/api/v1/steps?limit=50',
  'GET /api/v1/pools/:name (100 nodes)': () => `/api/v1/pools/pool-${any(100)}`,
  'GET /api/v1/tasks?limit=50': () => '/api/v1/tasks?limit=50',
  'GET /api/v1/tasks?search=': () => `/api/v1/tasks?limit=50&search=${any(TASKS)}`,
  'GET /api/v1/tasks?search= (nothing found)': () => '/api/v1/tasks?limit=50&search=nosuchtask',
  'GET /api/v1/tasks?sort=name': () => '/api/v1/tasks?limit=50&sort=name',
  'GET /api/v1/tasks?sort=-finishedAt': () => '/api/v1/tasks?limit=50&sort=-finishedAt',
  'GET /api/v1/tasks?status=failed': () => '/api/v1/tasks?limit=50&status=failed',
  'GET /api/v1/tasks?template=': () => `/api/v1/tasks?limit=50&template=template-${any(TEMPLATES)}`,
  'GET /api/v1/tasks?pool=': () => `/api/v1/tasks?limit=50&pool=pool-${any(100)}`,
  'GET /api/v1/tasks/:name': () => `/api/v1/tasks/task-${any(TASKS)}`,
  'GET /api/v1/tasks/:name/nodes': () => `/api/v1/tasks/task-${any(TASKS)}/nodes`,
  'GET /task/list': () => `/task/list?page=${any(100)}&page_size=10`,
  'GET /task/list, far pages': () => `/task/list?page=${any(TASKS / 10)}&page_size=10`,
  'GET /task/list?name=': () => `/task/list?page=1&page_size=10&name=task-${any(TASKS)}`,
  'GET /task/:id': () => `/task/${any(TASKS)}`,
  'GET /task/:id/detail': () => `/task/${any(TASKS)}/detail`,
  'GET /task/flow/:id/log': () => `/task/flow/${any(TASKS)}/log`,
  'GET /task/node/:nsid/log': () => `/task/node/${any(TASKS * 10)}/log`,
  'GET /task_tpl/list': () => `/task_tpl/list?page=${any(TEMPLATES / 10)}&page_size=10`,
  'GET /task_tpl/:id': () => `/task_tpl/${any(TEMPLATES)}`,
  'GET /task_step/list': () => '/task_step/list',
  'GET /action/list': () => '/action/list',
  'GET /actimpl/:id': () => `/actimpl/${any(100)}`,
  'GET /remote_step/list': () => '/remote_step/list',
  'GET /cluster/list': () => '/cluster/list',
  'GET /service/1/list_pools': () => '/service/1/list_pools',
  'GET /pool/list': () => '/pool/list',
  'GET /pool/:id/list_nodes': () => `/pool/${any(100)}/list_nodes`,
};

async function measure(server: Server, name: string, path: () => string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  await Promise.all(Array.from({ length: CLIENTS }, () => get(server, agent, path()))); // connections, prepared statements
  const times: number[] = [];
  let left = REQUESTS;
  const began = performance.now();
  const client = async () => {
    for (; left-- > 0;) {
      const start = performance.now();
      await get(server, agent, path());
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const rate = (times.length * 1000) / (performance.now() - began);
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(1).padStart(9);
  console.log(`  ${name.padEnd(52)} ${at(0.5)} ${at(0.99)} ${rate.toFixed(0).padStart(6)}`);
}

async function importing(server: Server): Promise<void> {
  const steps = (i: number) => [
    { name: 'step-1', param_values: { a: `${i}` }, retry: { retry_times: 1, ignore_error: false } },
    { name: 'step-2', param_values: { a: 'x' }, retry: null },
  ];
  const named = (prefix: string) => (_: unknown, i: number) => ({
    id: 1_000_000 + i,
    name: `${prefix}-${i}`,
    desc: 'imported',
    steps: steps(i),
  });
  const templates = Array.from({ length: 1000 }, named('imported'));
  const remote_steps = [1, 2].map((i) => ({ id: i, name: `step-${i}`, desc: '', actions: [`action-${i}`] }));
  await sent(server, 'import of 1,000 templates', '/api/v1/import/opendcp', { templates, remote_steps });
  await sent(server, 'the same again', '/api/v1/import/opendcp', { templates, remote_steps });
  const documents = Array.from({ length: 1000 }, (_, i) => ({
    kind: 'template',
    name: `applied-${i}`,
    steps: [
      { use: 'step-1', params: { a: 'x' } },
      { name: 'own', actions: [{ shell: 'uptime' }] },
    ],
  }));
  await sent(server, 'apply of 1,000 templates', '/api/v1/apply', { documents });
  await sent(server, 'the same again', '/api/v1/apply', { documents });
}

async function sent(server: Server, name: string, path: string, body: object): Promise<void> {
  const began = performance.now();
  await ask(server, new Agent(), 'POST', path, JSON.stringify(body));
  console.log(`  ${name.padEnd(52)} ${((performance.now() - began) / 1000).toFixed(2)} s`);
}

function get(server: Server, agent: Agent, path: string): Promise<void> {
  return ask(server, agent, 'GET', path);
}

function ask({ url, token }: Server, agent: Agent, method: string, path: string, body?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const asking = request(new URL(path, url), { method, agent, headers }, (response) => {
      const { statusCode = 0 } = response;
      response.resume().on('end', () => {
        if (statusCode < 400) resolve();
        else reject(new Error(`${method} ${path} answered ${statusCode}`));
      });
    });
    asking.on('error', reject).end(body);
  });
}

/** The HTTP API in a process of its own, as it is in production, over a store that it fills first. */
async function serve(where: object): Promise<Server> {
  const script = new URL('catalogue-server.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify({ where, TASKS, TEMPLATES })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for await (const line of createInterface({ input: child.stdout })) {
    const { url, token } = JSON.parse(line) as { url: string; token: string };
    return {
      url: new URL(url),
      token,
      stop: async () => {
        child.kill('SIGTERM');
        await ended;
      },
    };
  }
  throw new Error('the server ended before it served');
}

const postgres = await startPostgres({ durable: true });
await bench('PostgreSQL, fsync on', { url: postgres.url });
await postgres.stop();

const folder = await mkdtemp(join(tmpdir(), 'drover-bench-'));
await bench('PGlite', { folder });
await rm(folder, { recursive: true });
