import { readFile, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TaskHandle } from '../../client/index.ts';
import { freePort } from '../../embedded/port.ts';
import type { StepView } from '../../model/task.ts';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { processesWith } from '../support/processes.ts';
import { allowSudo, type SudoRule } from '../support/sudo.ts';

let engine: Engine;
let sudo: SudoRule;
beforeAll(async () => {
  engine = await Engine.start();
  sudo = await allowSudo(engine.nodes(1)[0]?.user ?? '');
});
afterAll(async () => {
  await sudo.withdraw();
  await engine.close();
});

const servers: (Server | net.Server)[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function run(steps: object[], nodes = 1): Promise<TaskHandle> {
  const task = await engine.drover.run({
    name: newTaskName('timeouts'),
    template: { name: 'timeouts', steps: steps.map((step, i) => ({ name: `step-${i + 1}`, ...step })) },
    nodes: engine.nodes(nodes),
  });
  await task.result().catch(() => undefined);
  return task;
}

async function steps(task: TaskHandle): Promise<StepView[]> {
  const [node] = await engine.ledger(task);
  return node?.steps ?? [];
}

/** The one step of the one node. */
async function step(...actions: object[]): Promise<StepView | undefined> {
  const [first] = await steps(await run([{ actions, timeout: '20s' }]));
  return first;
}

/** `sleep` for a time that no other process sleeps; it stays in the process list whoever its parent is. */
function uniqueSleep(): { command: string; running: () => number[] } {
  const seconds = 1_000_000 + Math.floor(Math.random() * 1e9);
  return { command: `sleep ${seconds}`, running: () => processesWith(`sleep\0${seconds}\0`) };
}

describe('a command past its timeout', () => {
  const children = (sleep: string) =>
    [
      `${sleep} &`,
      `setsid ${sleep} &`,
      `nohup setsid sh -c '${sleep}; :' >/dev/null 2>&1 &`,
      `sh -c "trap '' TERM HUP INT; ${sleep}; ${sleep}" &`,
      `( ( ${sleep} & ) & )`,
      'echo started',
      sleep,
    ].join('\n');

  it('is killed on the node with all its children, wherever they went; its status and reason say so', async () => {
    const { command, running } = uniqueSleep();
    const task = await run([{ actions: [{ shell: `trap '' TERM\n${children(command)}\n${command}` }], timeout: '2s' }]);
    expect(await engine.log(task, 0)).toBe('started\n');
    expect(running()).toEqual([]);
    expect(await steps(task)).toMatchObject([
      { status: 'timed_out', exitCode: null, reason: 'killed after 2 s, its timeout' },
    ]);
    await expect(task.result()).rejects.toThrow('1 of 1 nodes failed: n01 at step-1');
    expect(await engine.ledger(task)).toMatchObject([
      { status: 'timed_out', reason: 'step-1: killed after 2 s, its timeout' },
    ]);
  });

  it('is killed as another user, too', async () => {
    const { command, running } = uniqueSleep();
    for (const more of [{}, { idempotent: true }]) {
      const shell = { run: `trap '' TERM\n${children(command)}\n${command}`, sudo: true, ...more };
      // sudo and the children must be there before the time is over, on a busy machine, too.
      const task = await run([{ actions: [{ shell }], timeout: '4s' }]);
      expect(await engine.log(task, 0)).toContain('started\n');
      expect(running()).toEqual([]);
      expect(await steps(task)).toMatchObject([{ status: 'timed_out', reason: 'killed after 4 s, its timeout' }]);
    }
  });

  it('does not hold up the task by a process that got away and keeps its output open', async () => {
    const { command, running } = uniqueSleep();
    const task = await run([
      { actions: [{ shell: `env -i PATH="$PATH" setsid ${command} & sleep 60` }], timeout: '1s' },
    ]);
    expect(await steps(task)).toMatchObject([{ status: 'timed_out' }]);
    for (const pid of running()) process.kill(pid);
  });

  it('that may run twice is killed, too', async () => {
    const { command, running } = uniqueSleep();
    const shell = { run: children(command), idempotent: true };
    const task = await run([{ actions: [{ shell }], timeout: '2s' }]);
    expect(running()).toEqual([]);
    expect(await steps(task)).toMatchObject([{ status: 'timed_out', reason: 'killed after 2 s, its timeout' }]);
  });

  it('is killed as another user when the task is stopped with kill, too', async () => {
    const { command, running } = uniqueSleep();
    const task = await engine.drover.run({
      name: newTaskName('timeouts'),
      template: { name: 'sudo', steps: [{ name: 'wait', actions: [{ shell: { run: command, sudo: true } }] }] },
      nodes: engine.nodes(1),
    });
    await eventually(() => expect(running()).not.toEqual([]), { within: 30_000 });
    await task.stop({ kill: true });
    await expect(task.result()).rejects.toThrow('stopped');
    expect(running()).toEqual([]);
    expect(await steps(task)).toMatchObject([{ status: 'cancelled' }]);
  });

  it('leaves alone what had its time: each action of a step has the timeout for itself', async () => {
    const task = await run([{ actions: [{ shell: 'sleep 0.7' }, { shell: 'sleep 0.7' }], timeout: '1s' }]);
    expect(await steps(task)).toMatchObject([{ status: 'ok' }]);
  });

  it('is tried again when the step has tries left', async () => {
    const shell = `echo run >> ${engine.folder}/slow; test "$(wc -l < ${engine.folder}/slow)" -gt 1 || sleep 60`;
    const task = await run([{ actions: [{ shell }], timeout: '1s', retry: { times: 1, delay: '0s' } }]);
    expect(await steps(task)).toMatchObject([{ status: 'ok', tries: 2 }]);
    expect(await engine.lines('slow')).toEqual(['run', 'run']);
  });
});

describe('retry', () => {
  it('tries again after the delay, and keeps the log of each try', async () => {
    const file = `${engine.folder}/tries`;
    const shell = `date +%s%N >> ${file}; n=$(wc -l < ${file}); echo "try $n"; test $n -ge 3`;
    const task = await run([{ actions: [{ shell }], retry: { times: 5, delay: '700ms' } }]);
    expect(await steps(task)).toMatchObject([{ status: 'ok', tries: 3, exitCode: 0, reason: '' }]);

    const times = (await engine.lines('tries')).map((line) => Number(line) / 1e6);
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    expect(gaps).toHaveLength(2);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(700);

    const { chunks } = await engine.store.logs.read(await engine.idOf(task), { limit: 100 });
    expect(chunks.map((chunk) => [chunk.try, chunk.bytes.toString()])).toEqual([
      [1, 'try 1\n'],
      [2, 'try 2\n'],
      [3, 'try 3\n'],
    ]);
  });

  it('runs all actions of the step again, and ends with what the last try came to', async () => {
    const append = (what: string) => ({ shell: `echo ${what} >> ${engine.folder}/actions` });
    const actions = [append('one'), append('two'), { shell: 'exit 4' }, append('never')];
    const task = await run([{ actions, retry: { times: 1, delay: '0s' } }, { actions: [append('after')] }]);
    expect(await engine.lines('actions')).toEqual(['one', 'two', 'one', 'two']);
    const [first, second] = await steps(task);
    expect(first).toMatchObject({ status: 'failed', tries: 2, exitCode: 4, reason: 'action 3: exit code 4' });
    expect(second).toMatchObject({ status: 'pending', tries: 0 });
  });

  it('is never made of what is not known: it may have happened', async () => {
    // The process that watches over the command is its parent, and gone with this.
    const shell = `echo run >> ${engine.folder}/unknown; kill -9 $PPID; sleep 60`;
    const timeout = 100_000 + Math.floor(Math.random() * 100_000);
    const task = await run([{ actions: [{ shell }], timeout: `${timeout}s`, retry: { times: 3 } }]);
    expect(await steps(task)).toMatchObject([
      {
        status: 'unknown',
        tries: 1,
        exitCode: null,
        reason: expect.stringContaining('its result is not known') as string,
      },
    ]);
    expect(await engine.lines('unknown')).toEqual(['run']);
    expect(await step({ shell: 'echo the node goes on' })).toMatchObject({ status: 'ok' });
    await eventually(() => expect(processesWith(`sleep\0${timeout}\0`)).toEqual([]));
  });
});

describe('onError: ignore', () => {
  it('lets the node go on; the step shows what happened, node and task are ok', async () => {
    const task = await run([
      { actions: [{ shell: 'echo broken; exit 5' }], onError: 'ignore' },
      { actions: [{ shell: 'sleep 60' }], timeout: '1s', onError: 'ignore' },
      { actions: [{ shell: 'echo last' }] },
    ]);
    expect(await task.result()).toMatchObject({ counts: { total: 1, ok: 1, failed: 0 } });
    expect(await steps(task)).toMatchObject([
      { status: 'failed', exitCode: 5, reason: 'exit code 5' },
      { status: 'timed_out' },
      { status: 'ok' },
    ]);
    expect(await engine.log(task, 0)).toBe('broken\nlast\n');
    expect(await engine.ledger(task)).toMatchObject([{ status: 'ok', reason: '' }]);
  });

  it('does not use up the failure budget', async () => {
    const ignored = { actions: [{ shell: 'false' }], onError: 'ignore' };
    const task = await run([ignored, { actions: [{ shell: 'true' }] }], 6);
    expect(await task.result()).toMatchObject({ counts: { total: 6, ok: 6 } });
  });
});

describe('okExitCodes', () => {
  it('say which exit codes are ok; the code is kept', async () => {
    expect(await step({ shell: { run: 'exit 3', okExitCodes: [0, 3] } })).toMatchObject({ status: 'ok', exitCode: 3 });
    expect(await step({ shell: { run: 'exit 0', okExitCodes: [3] } })).toMatchObject({ status: 'failed', exitCode: 0 });
    const script = { content: '#!/usr/bin/env python3\nraise SystemExit(9)\n', okExitCodes: [9] };
    expect(await step({ script })).toMatchObject({ status: 'ok', exitCode: 9 });
  });

  it('tell a signal by its name', async () => {
    expect(await step({ shell: 'kill -KILL $$' })).toMatchObject({
      status: 'failed',
      exitCode: 137,
      reason: 'ended by SIGKILL',
    });
  });
});

describe('a check', () => {
  /** Answers `503: not yet` to the first requests, then 200. */
  async function warmingUp(requests: number, status = 200): Promise<string> {
    let seen = 0;
    const server = createServer((_, reply) => {
      reply.statusCode = ++seen > requests ? status : 503;
      reply.end(seen > requests ? 'healthy' : 'not yet');
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;
  }

  const soon = { within: '10s', interval: '100ms' };
  const short = { within: '600ms', interval: '100ms' };

  for (const from of ['worker', 'node']) {
    it(`by http from the ${from} passes once the answer is right`, async () => {
      expect(await step({ check: { http: await warmingUp(3), from, ...soon } })).toMatchObject({ status: 'ok' });
      expect(await step({ check: { http: await warmingUp(2, 418), status: 418, from, ...soon } })).toMatchObject({
        status: 'ok',
      });
    });

    it(`by http from the ${from} fails with the last answer`, async () => {
      const url = await warmingUp(1000);
      const failed = await step({ check: { http: url, from, ...short } });
      expect(failed).toMatchObject({ status: 'failed' });
      expect(failed?.reason).toMatch(/not healthy within (600 ms|600ms)/);
      expect(failed?.reason).toContain(url);
      expect(failed?.reason).toContain('503');
      const closed = `http://127.0.0.1:${await freePort()}/`;
      expect((await step({ check: { http: closed, from, ...short } }))?.reason).toMatch(/refused|connect to/);
    });

    it(`by tcp from the ${from} passes once the port is open, and fails with what it saw`, async () => {
      const port = await freePort();
      const passing = step({ check: { tcp: `127.0.0.1:${port}`, from, ...soon } });
      const server = net.createServer((socket) => socket.end());
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
      expect(await passing).toMatchObject({ status: 'ok' });

      const failed = await step({ check: { tcp: `127.0.0.1:${await freePort()}`, from, ...short } });
      expect(failed).toMatchObject({
        status: 'failed',
        reason: expect.stringMatching(/not healthy.*refused/i) as string,
      });
    });
  }

  it('by shell passes once the command does, and fails with its last words', async () => {
    const file = `${engine.folder}/probes`;
    const shell = `echo probe >> ${file}; test "$(wc -l < ${file})" -ge 3`;
    expect(await step({ check: { shell, ...soon } })).toMatchObject({ status: 'ok' });
    expect(await engine.lines('probes')).toHaveLength(3);

    const failed = await step({ check: { shell: 'echo "3 of 5 replicas"; exit 2', ...short } });
    expect(failed).toMatchObject({ status: 'failed' });
    expect(failed?.reason).toContain('3 of 5 replicas');
  });
});

describe('copy', () => {
  const noteOf = async (task: TaskHandle) => await engine.log(task, 0);

  it('writes the file with its mode, and leaves it alone when it is the same already', async () => {
    const dest = `${engine.folder}/app.conf`;
    const copy = { dest, content: 'port 8080\n', mode: '0640' };
    const first = await run([{ actions: [{ copy }] }]);
    expect(await noteOf(first)).toBe(`${dest} written, 10 bytes\n`);
    const written = await stat(dest);
    expect(written.mode & 0o7777).toBe(0o640);

    const again = await run([{ actions: [{ copy }] }]);
    expect(await noteOf(again)).toBe(`${dest} is the same already\n`);
    expect(await stat(dest)).toMatchObject({ ino: written.ino, ctimeMs: written.ctimeMs });

    await run([{ actions: [{ copy: { ...copy, mode: '0600' } }] }]);
    expect((await stat(dest)).mode & 0o7777).toBe(0o600);
    await run([
      { actions: [{ copy: { ...copy, base64: Buffer.from([0, 255, 10]).toString('base64'), content: undefined } }] },
    ]);
    expect(await readFile(dest)).toEqual(Buffer.from([0, 255, 10]));
  });

  it('brings a big file from the store to every node', async () => {
    const bytes = Buffer.alloc(20 * 1024 * 1024, 'drover\0\n');
    const file = await engine.store.files.put(bytes);
    const task = await run([{ actions: [{ copy: { dest: `${engine.folder}/big-{{node.name}}`, file } }] }], 3);
    expect(await task.result()).toMatchObject({ counts: { ok: 3 } });
    for (const name of ['n01', 'n02', 'n03'])
      expect((await readFile(join(engine.folder, `big-${name}`))).equals(bytes)).toBe(true);
  });

  it('fails with a reason and leaves nothing half-written', async () => {
    const before = await engine.files();
    expect(await step({ copy: { dest: `${engine.folder}/no/such/folder/file`, content: 'x' } })).toMatchObject({
      status: 'failed',
      reason: `cannot copy ${engine.folder}/no/such/folder/file: the folder that it goes into does not exist`,
    });
    const file = { sha256: '0'.repeat(64), size: 1 };
    expect((await step({ copy: { dest: `${engine.folder}/lost`, file } }))?.reason).toContain('is not in the store');
    expect(await engine.files()).toEqual(before);
  });
});

describe('wait', () => {
  it('lets the time pass before what comes next', async () => {
    const now = { shell: `date +%s%N >> ${engine.folder}/waited` };
    await step(now, { wait: '800ms' }, now);
    const [before = 0, after = 0] = (await engine.lines('waited')).map((line) => Number(line) / 1e6);
    expect(after - before).toBeGreaterThanOrEqual(800);
  });
});
