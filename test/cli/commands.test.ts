import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { begin, endTask, seedTask, serveApi, type Served } from '../api/served.ts';
import { eventually } from '../support/eventually.ts';

const DROVER = fileURLToPath(new URL('../../bin/drover', import.meta.url));

let api: Served;
let folder: string;
beforeAll(async () => {
  api = await serveApi();
  folder = await mkdtemp(join(tmpdir(), 'drover-cli-'));
  await writeFile(join(folder, 'web.yaml'), 'name: web\nsteps:\n  - name: pull\n    actions: [{ shell: "true" }]\n');
  await writeFile(
    join(folder, 'bad.yaml'),
    'name: web\nsteps:\n  - name: pull\n    actions: [{ shel: "true" }]\n    timeout: fast\n',
  );
  await writeFile(join(folder, 'nodes.yaml'), '- web-01\n- web-01\n');
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true });
});

interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

function drover(...args: string[]): Promise<Ran> {
  return started(...args).ended;
}

/** A command that runs; `says` waits until it has written something. */
function started(...args: string[]): {
  child: ChildProcess;
  ended: Promise<Ran>;
  says: (text: string) => Promise<void>;
} {
  const env = { ...process.env, DROVER_SERVER: api.url, NO_COLOR: '1' };
  const child = spawn(process.execPath, [DROVER, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ran: Ran = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ran.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ran.stderr += text));
  const ended = new Promise<Ran>((resolve) => child.on('close', (code) => resolve({ ...ran, code })));
  const says = (text: string) => eventually(() => expect(ran.stdout + ran.stderr).toContain(text), { within: 20_000 });
  return { child, ended, says };
}

describe('bad input', () => {
  it('ends with 2, every problem told with its file and line, and nothing started', async () => {
    const { code, stdout, stderr } = await drover(
      'run',
      'bad.yaml',
      '--nodes',
      'nodes.yaml',
      '--batch',
      '0',
      '--param',
      'x',
    );
    expect(code).toBe(2);
    expect(stdout).toBe('');
    for (const problem of [
      'bad.yaml:4: steps[0].actions[0].shel',
      'bad.yaml:5: steps[0].timeout',
      'nodes.yaml:2: ',
      '--batch: ',
      '--param: ',
    ])
      expect(stderr).toContain(problem);
    expect(api.temporal.submitted).toEqual([]);
  });

  it('is one JSON document on stdout with --json', async () => {
    const { code, stdout } = await drover('validate', 'bad.yaml', 'web.yaml', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'invalid', problems: [{ file: 'bad.yaml', line: 4 }, {}, { file: 'bad.yaml', line: 5 }] },
    });
  });

  it.each([
    [['frob'], 'unknown command'],
    [['run', 'web.yaml'], '--nodes'],
    [['tasks', '--frob'], 'unknown option'],
    [['dev', '--port', 'x'], 'expected a port'],
    [['logs', 'x', '--json', '--follow'], '--json'],
    [['skip', 'x'], '--node'],
    [['rollout', 'x'], 'what is to change'],
    [['show', 'nope'], 'no task named nope'],
    [['pause', 'nope'], 'no task named nope'],
    [['tasks', '--status', 'fine'], 'status'],
  ])('%s', async (args, message) => {
    const { code, stderr } = await drover(...args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it('is a name in use', async () => {
    await seedTask(api, 'used');
    const { code, stderr } = await drover('run', 'web.yaml', '--nodes', 'web-01', '--name', 'used');
    expect([code, stderr]).toEqual([2, expect.stringContaining('used')]);
  });
});

it('ends with 4 when the server cannot be reached, and says how to start one', async () => {
  const { code, stderr, stdout } = await drover('tasks', '--server', 'http://127.0.0.1:1', '--json');
  expect(code).toBe(4);
  expect(stderr).toContain('drover dev');
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'unreachable' } });
});

it('a dry run starts nothing', async () => {
  const before = api.temporal.submitted.length;
  const { code, stdout } = await drover(
    'run',
    'web.yaml',
    '--nodes',
    'a,b',
    '--dry-run',
    '--json',
    '--server',
    'http://127.0.0.1:1',
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ batches: [{ nodes: ['a'] }, { nodes: ['b'] }] });
  expect(api.temporal.submitted.length).toBe(before);
});

it('--detach starts a task and returns', async () => {
  const { code, stdout } = await drover('run', 'web.yaml', '--nodes', 'a', '--name', 'detached', '--detach', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ name: 'detached', status: 'pending' });
  expect(api.temporal.submitted.at(-1)).toMatchObject({ name: 'detached', nodes: [{ name: 'a' }] });
});

it('lists and shows tasks for people and for programs', async () => {
  const task = await seedTask(api, 'shown');
  await api.store.ledger.settle(task.id, 1, 'failed', 'pull: exit code 3');
  expect((await drover('tasks')).stdout).toMatch(/^shown +running +web +0\/3 ok, 1 failed/m);
  expect(JSON.parse((await drover('tasks', '--json')).stdout)).toMatchObject({
    items: expect.arrayContaining([expect.objectContaining({ name: 'shown' })]) as unknown,
  });
  expect((await drover('show', 'shown', '--failed')).stdout).toMatch(/^web-02 .*pull: exit code 3$/m);
  const nodes = JSON.parse((await drover('show', 'shown', '--nodes', '--json')).stdout) as object;
  expect(nodes).toMatchObject({ total: 3, page: 1, items: [{ no: 0 }, { no: 1, status: 'failed' }, { no: 2 }] });
});

it.each([
  ['ok', 0],
  ['failed', 1],
  ['stopped', 3],
  ['terminated', 3],
] as const)('watching a task that ends %s ends with %i', async (status, code) => {
  const task = await seedTask(api, `watched-${status}`);
  const watching = started('watch', task.name, '--json');
  await watching.says('running');
  await api.store.tasks.update(task.id, { status, reason: 'so it is', finishedAt: new Date() });
  const { code: ended, stdout, stderr } = await watching.ended;
  expect(ended).toBe(code);
  expect(JSON.parse(stdout)).toMatchObject({ name: task.name, status });
  expect(stderr).toContain(`${status}: so it is`);
  expect(stderr).toContain('Next:');
});

it('watching goes on through a restart of the server, and says so', async () => {
  const task = await seedTask(api, 'restarted');
  const watching = started('watch', task.name);
  await watching.says('running');
  const startAgain = await api.stop();
  await watching.says('the server went away');
  await startAgain();
  await watching.says('the server is back');
  await api.store.ledger.settle(task.id, 0, 'ok', '');
  await watching.says('web-01: ok');
  await endTask(api, task);
  expect((await watching.ended).code).toBe(0);
});

it('Ctrl-C leaves the task to itself, and says how to find it again', async () => {
  const task = await seedTask(api, 'detached-by-hand');
  const watching = started('watch', task.name);
  await watching.says('running');
  watching.child.kill('SIGINT');
  const { stderr } = await watching.ended;
  expect(watching.child.signalCode).toBe('SIGINT');
  expect(stderr).toContain('drover watch detached-by-hand');
  expect(stderr).toContain('drover stop detached-by-hand');
});

it('prints logs, and follows them to the end', async () => {
  const task = await seedTask(api, 'logged');
  const output = await begin(api.store, { taskId: task.id, no: 0, step: 0, try: 1, action: 0 });
  await output.write('one\ntwo');
  expect((await drover('logs', 'logged')).stdout).toBe('web-01 | one\nweb-01 | two\n');
  expect(JSON.parse((await drover('logs', 'logged', '--json')).stdout)).toMatchObject([
    { text: 'one' },
    { text: 'two' },
  ]);
  const following = started('logs', 'logged', '--node', 'web-01', '--follow');
  await following.says('one');
  await output.write(' and more');
  await endTask(api, task);
  expect(await following.ended).toMatchObject({ code: 0, stdout: 'one\ntwo and more\n' });
  expect((await drover('logs', 'logged', '--raw')).stdout).toBe('one\ntwo and more');
});

it('steers', async () => {
  await seedTask(api, 'steered');
  expect((await drover('stop', '--kill', 'steered')).code).toBe(0);
  expect((await drover('retry', 'steered', '--node', 'web-01', '--node', 'web-02')).code).toBe(0);
  expect((await drover('rollout', 'steered', '--batch', '10', '--max-failures', '3')).code).toBe(0);
  expect(api.temporal.told.slice(-3)).toEqual([
    'steered: stop {"kill":true}',
    'steered: retry {"nodes":["web-01","web-02"]}',
    'steered: rollout {"batch":10,"maxFailures":3}',
  ]);
});

it('tells its version, and shows help with examples', async () => {
  expect((await drover('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const { code, stdout } = await drover('--help');
  expect(code).toBe(0);
  expect(stdout).toContain('$ drover run web.yaml');
});
