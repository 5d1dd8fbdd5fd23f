import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { freePort } from '../../embedded/port.ts';
import { freshDatabase } from '../support/postgres.ts';

const DROVER = fileURLToPath(new URL('../../bin/drover', import.meta.url));

let folder: string;
let database: Awaited<ReturnType<typeof freshDatabase>>;
let env: NodeJS.ProcessEnv;
const services: ChildProcess[] = [];

beforeAll(async () => {
  const { temporal, postgresUrl, sshd } = inject('shared');
  folder = await mkdtemp(join(tmpdir(), 'drover-distributed-'));
  database = await freshDatabase(postgresUrl);
  const port = await freePort();
  env = {
    ...process.env,
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporal.address,
    DROVER_TASK_QUEUE: `distributed-${port}`,
    DROVER_LISTEN: `127.0.0.1:${port}`,
    DROVER_SERVER: `http://127.0.0.1:${port}`,
  };
  const nodes = sshd.targets.slice(0, 4).map((target, i) => ({ name: `web-0${i + 1}`, ...target }));
  await writeFile(join(folder, 'nodes.json'), JSON.stringify({ nodes }));
  await writeFile(
    join(folder, 'hello.yaml'),
    'name: hello\nsteps:\n  - name: greet\n    actions: [{ shell: "echo hello from {{node.name}}" }]\n',
  );
  await service('server');
  await service('worker');
});

afterAll(async () => {
  for (const child of services) await ended(child);
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

it('a server and a worker, each a process of its own, run a task on PostgreSQL', async () => {
  const run = await drover('run', 'hello.yaml', '--nodes', 'nodes.json', '--name', 'hello', '--batch', '50%', '--json');
  expect(run.stderr).toContain('hello: ok');
  expect(run.code).toBe(0);
  expect(JSON.parse(run.stdout)).toMatchObject({
    status: 'ok',
    nodes: { total: 4, ok: 4 },
    batches: { total: 2, done: 2 },
  });
  const { stdout } = await drover('logs', 'hello');
  expect(stdout.trim().split('\n').toSorted()).toEqual([1, 2, 3, 4].map((n) => `web-0${n} | hello from web-0${n}`));
});

it('both drain on SIGTERM, and end with 0', async () => {
  for (const child of services) expect(await ended(child)).toBe(0);
});

/** Starts one, and waits until it says that it is ready. */
async function service(command: 'server' | 'worker'): Promise<void> {
  const child = spawn(process.execPath, [DROVER, command], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  services.push(child);
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`drover ${command} ended with ${code ?? 'a signal'}`)));
  });
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await exit;
  }
  return child.exitCode;
}

async function drover(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [DROVER, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ran = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ran.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ran.stderr += text));
  return new Promise((resolve) => child.on('close', (code) => resolve({ ...ran, code })));
}
