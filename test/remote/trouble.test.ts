import { spawn } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { FleetOptions } from '../../remote/fleet.ts';
import { eventually } from '../support/eventually.ts';
import { processesWith } from '../support/processes.ts';
import { startProxy, type Proxy } from '../support/proxy.ts';
import { startSshd, type SshdFleet } from '../support/sshd.ts';
import { Marks, Recorder, run, TestFleet, uid } from './recorder.ts';

let sshd: SshdFleet;
let marks: Marks;

beforeAll(async () => {
  sshd = await startSshd({ config: ['MaxSessions 100'] });
  marks = new Marks(sshd.work);
});
afterAll(() => sshd.stop());

/** A way to the node that this test may break, and a fleet of its own. */
async function setUp(
  onTestFinished: (close: () => Promise<void>) => void,
  options: FleetOptions = {},
): Promise<{ proxy: Proxy; fleet: TestFleet }> {
  const proxy = await startProxy(sshd.target);
  const fleet = new TestFleet(options);
  onTestFinished(async () => {
    await fleet.close();
    await proxy.close();
  });
  return { proxy, fleet };
}

describe.concurrent('a connection that is reset', () => {
  it('again and again costs no byte of output, and no second run', async ({ expect, onTestFinished }) => {
    const { proxy, fleet } = await setUp(onTestFinished);
    let resets = 0;
    const lines = (name: string) => Array.from({ length: 200 }, (_, i) => `${name} ${i} é€😀\n`).join('');
    const script =
      'i=0; while [ $i -lt 200 ]; do echo "line $i é€😀"; echo "err $i é€😀" >&2; i=$((i+1)); [ $((i%20)) = 0 ] && sleep 0.1; done; exit 9';
    const jobs = Array.from({ length: 8 }, async () => {
      const id = `job ${uid()}`;
      const ran = await run(fleet, proxy.target, marks.on(id, script), { id });
      return { ...ran, count: marks.count(id) };
    });
    const storm = new AbortController();
    const weather = (async () => {
      while (!storm.signal.aborted) {
        await delay(Math.random() * 300);
        resets += proxy.reset();
      }
    })();
    const all = await Promise.all(jobs);
    storm.abort();
    await weather;
    for (const ran of all) {
      expect(ran).toMatchObject({
        outcome: { kind: 'exited', code: 9 },
        out: lines('line'),
        err: lines('err'),
        count: 1,
      });
    }
    expect(resets).toBeGreaterThan(1);
  });

  it('in the middle of much output', async ({ expect, onTestFinished }) => {
    const { proxy, fleet } = await setUp(onTestFinished);
    const recorder = new Recorder();
    const id = `job ${uid()}`;
    let next = 10_000_000;
    const output = recorder.output.bind(recorder);
    recorder.output = async (...args) => {
      await output(...args);
      if (recorder.held.out > next) proxy.reset();
      while (recorder.held.out > next) next += 10_000_000;
    };
    const ran = await run(fleet, proxy.target, marks.on(id, 'head -c 50000000 /dev/zero | tr "\\0" x'), {
      id,
      recorder,
    });
    expect(ran.outcome).toEqual({ kind: 'exited', code: 0 });
    expect(ran.bytes.equals(Buffer.alloc(50_000_000, 'x'))).toBe(true);
    expect(marks.count(id)).toBe(1);
  });
});

describe.concurrent('a connection that freezes', () => {
  it('is noticed, and the command goes on meanwhile', async ({ expect, onTestFinished }) => {
    const { proxy, fleet } = await setUp(onTestFinished, { keepalive: 200 });
    const id = `job ${uid()}`;
    const script = marks.on(
      id,
      'head -c 5000000 /dev/zero; i=0; while [ $i -lt 8 ]; do echo $i; sleep 0.1; i=$((i+1)); done',
    );
    const recorder = new Recorder();
    const pending = run(fleet, proxy.target, script, { id, recorder });
    await eventually(() => expect(recorder.held.out).toBeGreaterThan(0));
    proxy.freeze();
    const ran = await pending;
    expect(ran.outcome).toEqual({ kind: 'exited', code: 0 });
    expect(ran.bytes.length).toBe(5_000_016);
    expect(marks.count(id)).toBe(1);
  });
});

describe.concurrent('a node that cannot be reached any more', () => {
  it('makes the outcome unknown after a while, and says that the command may still run', async ({
    expect,
    onTestFinished,
  }) => {
    const { proxy, fleet } = await setUp(onTestFinished);
    const tag = `TAG${uid()}`;
    const id = `job ${uid()}`;
    const recorder = new Recorder();
    const script = marks.on(id, `sh -c 'while [ ! -e ${sshd.work}/${tag} ]; do sleep 0.1; done # ${tag}'; echo over`);
    const pending = run(fleet, proxy.target, script, { id, recorder }, { reconnectWithin: 1000 });
    await eventually(() => expect(processesWith(tag).length).toBeGreaterThan(0));
    await proxy.refuse();
    const { outcome } = await pending;
    expect(outcome).toEqual({
      kind: 'unknown',
      reason: expect.stringMatching(
        /^lost the connection \(.+\) and could not reach the node again for 1 s: connection refused by \S+; the command may still be running there$/,
      ) as string,
    });
    await proxy.accept();
    writeFileSync(`${sshd.work}/${tag}`, '');
    expect(await run(fleet, proxy.target, script, { id, recorder })).toMatchObject({
      outcome: { kind: 'exited', code: 0 },
      out: 'over\n',
    });
    expect(marks.count(id)).toBe(1);
  });

  it('is unknown too when an earlier process may have sent the job, not merely unreachable', async ({
    expect,
    onTestFinished,
  }) => {
    const { proxy, fleet } = await setUp(onTestFinished);
    const { recorder } = await run(fleet, proxy.target, 'true');
    await proxy.refuse();
    const { outcome } = await run(fleet, proxy.target, 'true', { recorder }, { reconnectWithin: 300 });
    expect(outcome).toMatchObject({ kind: 'unknown', reason: expect.stringMatching(/may still be running/) as string });
    await proxy.accept();
  });

  it('comes back in time: nothing is lost', async ({ expect, onTestFinished }) => {
    const { proxy, fleet } = await setUp(onTestFinished);
    const id = `job ${uid()}`;
    const recorder = new Recorder();
    const pending = run(fleet, proxy.target, marks.on(id, 'echo a; sleep 1; echo b'), { id, recorder });
    await eventually(() => expect(recorder.held.out).toBe(2));
    await proxy.refuse();
    await eventually(() => expect(fleet.journal(id)).toMatch(/end 0/));
    await proxy.accept();
    expect(await pending).toMatchObject({ outcome: { kind: 'exited', code: 0 }, out: 'a\nb\n' });
    expect(marks.count(id)).toBe(1);
  });

  it('cannot confirm a cancel, and the outcome says so', async ({ expect, onTestFinished }) => {
    const { proxy, fleet } = await setUp(onTestFinished);
    const tag = `TAG${uid()}`;
    const abort = new AbortController();
    const pending = run(
      fleet,
      proxy.target,
      `sh -c 'while :; do sleep 1; done # ${tag}'`,
      {},
      { signal: abort.signal },
    );
    await eventually(() => expect(processesWith(tag).length).toBeGreaterThan(0));
    await proxy.refuse();
    abort.abort();
    expect((await pending).outcome).toEqual({
      kind: 'cancelled',
      confirmed: false,
      reason: expect.stringMatching(/did not confirm .*may still be running/) as string,
    });
    for (const pid of processesWith(tag)) process.kill(pid, 'SIGKILL');
    await proxy.accept();
  });
});

describe.concurrent('a controller that is killed', () => {
  it('is followed by another, which goes on from the durable offsets: one run, every byte once', async ({
    expect,
    onTestFinished,
  }) => {
    const { fleet } = await setUp(onTestFinished);
    const rounds = Array.from({ length: 4 }, async () => {
      const id = `job ${uid()}`;
      const folder = path.join(sshd.work, id);
      const script = marks.on(
        id,
        'i=0; while [ $i -lt 60 ]; do echo "line $i"; i=$((i+1)); [ $((i%10)) = 0 ] && sleep 0.3; done; exit 4',
      );
      const controller = () =>
        spawn(
          process.execPath,
          [
            '--import',
            'tsx',
            controllerFile,
            JSON.stringify({ target: sshd.target, base: fleet.base, folder, id, script }),
          ],
          {
            stdio: 'inherit',
          },
        );
      const first = controller();
      await eventually(() => expect(statSync(`${folder}/out`).size).toBeGreaterThan(0), { within: 20_000 });
      first.kill('SIGKILL');
      const second = controller();
      await new Promise((resolve) => second.once('exit', resolve));
      expect(JSON.parse(readFileSync(`${folder}/outcome`, 'utf8'))).toEqual({ kind: 'exited', code: 4 });
      expect(readFileSync(`${folder}/out`, 'utf8')).toBe(Array.from({ length: 60 }, (_, i) => `line ${i}\n`).join(''));
      expect(marks.count(id)).toBe(1);
    });
    await Promise.all(rounds);
  });
});

describe.concurrent('a verb that is cut short', () => {
  it('starts nothing', async ({ expect, onTestFinished }) => {
    const { proxy, fleet } = await setUp(onTestFinished);
    const id = `job ${uid()}`;
    const session = await fleet.contact(proxy.target).session();
    session.send(
      `job ${id.replace(' ', '-')} ${session.token} 0 0 0 ${marks.on(id, 'echo partial').replace('\n', ';')}`,
    );
    await delay(50); // for it to arrive; there is nothing to be seen of it
    proxy.reset();
    expect((await run(fleet, sshd.target, 'true')).outcome).toEqual({ kind: 'exited', code: 0 });
    expect(marks.count(id)).toBe(0);
  });
});

const controllerFile = path.join(import.meta.dirname, 'controller.ts');
