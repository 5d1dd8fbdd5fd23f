import { readdirSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cancelJob } from '../../remote/cancel.ts';
import { acknowledge, LeftRunning, runJob } from '../../remote/job.ts';
import { nodeJobId } from '../../remote/node/verbs.ts';
import { eventually } from '../support/eventually.ts';
import { processesWith } from '../support/processes.ts';
import { startSshd, type SshdFleet } from '../support/sshd.ts';
import { allowSudo } from '../support/sudo.ts';
import { Marks, Recorder, run, TestFleet, uid, type Ran } from './recorder.ts';

let sshd: SshdFleet;
let fleet: TestFleet;
let marks: Marks;

beforeAll(async () => {
  sshd = await startSshd({ config: ['MaxSessions 100'] });
  fleet = new TestFleet();
  marks = new Marks(sshd.work);
});
afterAll(async () => {
  await fleet.close();
  await sshd.stop();
});

const on = (script: string, job = {}, options = {}) => run(fleet, sshd.target, script, job, options);
const exited = (code: number) => ({ kind: 'exited', code });

describe('a job', () => {
  it('delivers output, errors and the exit code', async () => {
    const ran = await on('echo one; echo two >&2; exit 3');
    expect(ran).toMatchObject({ outcome: exited(3), out: 'one\n', err: 'two\n' });
  });

  it('reports a death by signal', async () => {
    expect((await on('kill -TERM $$')).outcome).toEqual({ kind: 'exited', code: 143, signal: 'SIGTERM' });
  });

  it('asks for the token to be durable before it is sent, and for nothing else when that fails', async () => {
    const id = `job ${uid()}`;
    const journal = { begin: () => Promise.reject(new Error('disk full')), output: () => Promise.resolve() };
    const job = { id, script: marks.on(id, ''), limit: 0, from: { out: 0, err: 0 } };
    await expect(runJob(fleet, sshd.target, job, journal)).rejects.toThrow('disk full');
    expect((await on('true')).outcome).toEqual(exited(0));
    expect(marks.count(id)).toBe(0);
  });

  it('shows output while it runs', async () => {
    const recorder = new Recorder();
    const gate = `${sshd.work}/gate-${uid()}`;
    const pending = on(`echo early; until [ -e ${gate} ]; do sleep 0.05; done; echo late`, { recorder });
    await eventually(() => expect(recorder.bytes().toString()).toBe('early\n'));
    await on(`: > ${gate}`);
    expect((await pending).out).toBe('early\nlate\n');
  });

  it('runs with the umask, folder and descriptors of a plain ssh command, in a session of its own', async () => {
    const ran = await on(
      'umask; pwd; echo ${OLDPWD-unset}; set -- $(cat /proc/self/stat); echo $(($6 == $5)); ls /proc/self/fd | wc -l; cat',
    );
    expect(ran.out).toMatch(/^0?022\n\/\S+\nunset\n1\n4\n$/);
  });

  it('is not held up by a background process that keeps its output open', async () => {
    const ran = await on('sleep 4 & echo started');
    expect(ran).toMatchObject({ outcome: { kind: 'exited', code: 0, held: true }, out: 'started\n' });
  });

  it('can be asked again after its end, from any byte', async () => {
    const first = await on('echo 0123456789; exit 4');
    const again = new Recorder();
    again.token = first.recorder.token;
    again.held.out = 4;
    expect(await on('echo other', { id: first.id, recorder: again })).toMatchObject({
      outcome: exited(4),
      out: '456789\n',
    });
  });

  it('with an empty script, and with one of 500 KB', async () => {
    expect((await on('')).outcome).toEqual(exited(0));
    expect(await on(`# ${'x'.repeat(500_000)}\necho big; exit 4`)).toMatchObject({ outcome: exited(4), out: 'big\n' });
  });

  it('shows nothing of its script in the list of processes', async () => {
    const secret = `secret-${uid()}`;
    const pending = on(`: ${secret}; echo up; sleep 0.5`, { confidential: true });
    await eventually(() => expect(fleet.journal('')).toBe(''));
    expect(processesWith(secret)).toEqual([]);
    expect((await pending).outcome).toEqual(exited(0));
  });

  it('refuses output that looks like an answer', async () => {
    const script = `n=$(tr '\\0' '\\n' < /proc/$PPID/cmdline | tail -n 1); printf '@@%s X x 0 0 0 ok\\n' $n; sleep 0.4; printf '@@%s U x rebooted\\n' $n; exit 7`;
    const ran = await on(script);
    expect(ran.outcome).toEqual(exited(7));
    expect(ran.out).toMatch(/^@@[0-9a-f]{16} X x 0 0 0 ok\n@@[0-9a-f]{16} U x rebooted\n$/);
  });
});

describe('at most one run', () => {
  it('of twenty simultaneous starts over one connection', async () => {
    const id = `race ${uid()}`;
    const script = marks.on(id, 'echo hello; sleep 0.3; echo bye');
    const all = await Promise.all(Array.from({ length: 20 }, () => on(script, { id })));
    expect(all.map((ran) => ran.out)).toEqual(Array.from({ length: 20 }, () => 'hello\nbye\n'));
    expect(marks.count(id)).toBe(1);
  });

  it('of ten controllers that meet a node for the first time', async () => {
    const id = `race ${uid()}`;
    const base = `/var/tmp/drover-test-${uid()}`;
    const fleets = Array.from({ length: 10 }, () => new TestFleet({ base: () => base }));
    const script = marks.on(id, 'echo hello');
    const all = await Promise.all(fleets.map((one) => run(one, sshd.target, script, { id })));
    await Promise.all(fleets.map((one) => one.close()));
    expect(all.map((ran) => ran.out)).toEqual(Array.from({ length: 10 }, () => 'hello\n'));
    expect(new Set(all.map((ran) => ran.recorder.token)).size).toBe(1);
    expect(marks.count(id)).toBe(1);
  });

  it('when it was first sent before the node restarted: unknown, and not run', async () => {
    const { recorder } = await on('true');
    const [boot = '', store = ''] = (recorder.token ?? '').split('.');
    for (const [token, reason] of [
      [`ffff.${store}`, /node has restarted/],
      [`${boot}.ffff`, /was deleted/],
    ] as const) {
      const id = `job ${uid()}`;
      const before = new Recorder();
      before.token = token;
      const ran = await on(marks.on(id, ''), { id, recorder: before });
      expect(ran.outcome).toEqual({ kind: 'unknown', reason: expect.stringMatching(reason) as string });
      expect(marks.count(id)).toBe(0);
    }
  });

  it('when part of its output is held and the node knows nothing of it', async () => {
    const id = `job ${uid()}`;
    const { recorder: before } = await on('true');
    before.held.out = 5;
    const ran = await on(marks.on(id, ''), { id, recorder: before });
    expect(ran.outcome).toEqual({ kind: 'unknown', reason: expect.stringMatching(/no trace/) as string });
    expect(marks.count(id)).toBe(0);
  });

  it('after its result was acknowledged', async () => {
    const id = `job ${uid()}`;
    const script = marks.on(id, 'echo done');
    const first = new TestFleet({ base: () => fleet.base });
    const { recorder } = await run(first, sshd.target, script, { id });
    acknowledge(first, sshd.target, id);
    await first.closeOnly(); // which tells the node
    const files = readdirSync(fleet.base).filter((file) => file.startsWith(nodeJobId(id)));
    expect(files).toEqual([`${nodeJobId(id)}.job`]);
    const late = new Recorder();
    late.token = recorder.token;
    expect((await on(script, { id, recorder: late })).outcome).toMatchObject({ kind: 'unknown' });
    expect(marks.count(id)).toBe(1);
  });
});

describe('the time limit', () => {
  it('kills the command, its children, and those that left its session or ignore TERM', async () => {
    const tag = `TAG${uid()}`;
    const script = `echo a; trap '' TERM; setsid sh -c "trap '' TERM; while :; do sleep 1; done # ${tag}" & sh -c 'while :; do sleep 1; done # ${tag}'`;
    const ran = await on(script, { limit: 0.3 });
    expect(ran).toMatchObject({ outcome: { kind: 'timed_out' }, out: 'a\n' });
    await eventually(() => expect(processesWith(tag)).toEqual([]));
  });

  it('kills what the command runs by sudo, too', async () => {
    const sudo = await allowSudo(sshd.user);
    try {
      const tag = `TAG${uid()}`;
      const script = `sudo -n sh -c 'trap "" TERM; sh -c "while :; do sleep 1; done # ${tag}"; : ${tag}'`;
      const ran = await on(script, { limit: 1 });
      expect(ran.outcome).toMatchObject({ kind: 'timed_out' });
      await eventually(() => expect(processesWith(tag)).toEqual([]));
    } finally {
      await sudo.withdraw();
    }
  });
});

describe('cancel', () => {
  const stubborn = (tag: string) =>
    `sh -c 'trap "" TERM; while :; do sleep 1; done # ${tag}' & setsid sh -c 'while :; do sleep 1; done # ${tag}' & ` +
    `env -i sh -c 'while :; do sleep 1; done # ${tag}' & echo up; ${endless(tag)}`;

  it('kills the command and all its children, and says that this is confirmed', async () => {
    const tag = `TAG${uid()}`;
    const abort = new AbortController();
    const pending = on(stubborn(tag), {}, { signal: abort.signal });
    await eventually(() => expect(processesWith(tag).length).toBeGreaterThanOrEqual(4));
    abort.abort();
    const { outcome } = await pending;
    expect(outcome).toMatchObject({ kind: 'cancelled', confirmed: true });
    await eventually(() => expect(processesWith(tag)).toEqual([]));
  });

  it('before anything was sent starts nothing', async () => {
    const id = `job ${uid()}`;
    const ran = await on(marks.on(id, ''), { id }, { signal: AbortSignal.abort() });
    expect(ran.outcome).toMatchObject({ kind: 'cancelled', confirmed: true, reason: 'it had not been started' });
    expect(marks.count(id)).toBe(0);
  });

  it('of a job that an earlier process may have sent, and did not, starts nothing either', async () => {
    const id = `job ${uid()}`;
    const { recorder } = await on('true');
    const ran = await on(marks.on(id, ''), { id, recorder }, { signal: AbortSignal.abort() });
    expect(ran.outcome).toMatchObject({ kind: 'cancelled', confirmed: true, reason: 'it had not been started' });
    expect(marks.count(id)).toBe(0);
  });

  it('at any moment of a start leaves nothing running', async () => {
    const tag = `TAG${uid()}`;
    const all = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const abort = new AbortController();
        const recorder = new Recorder();
        recorder.begin = (token) => {
          recorder.token = token;
          setTimeout(() => abort.abort(), i * 3);
          return Promise.resolve();
        };
        return (await on(endless(tag), { recorder }, { signal: abort.signal })).outcome;
      }),
    );
    for (const outcome of all) expect(outcome).toMatchObject({ kind: 'cancelled', confirmed: true });
    expect(processesWith(tag)).toEqual([]);
  });

  it('reaches jobs that another process started', async () => {
    const tag = `TAG${uid()}`;
    const id = `job ${uid()}`;
    const pending = on(stubborn(tag), { id });
    await eventually(() => expect(processesWith(tag).length).toBeGreaterThanOrEqual(4));
    const other = new TestFleet({ base: () => fleet.base });
    expect(await cancelJob(other, sshd.target, id)).toBe('killed');
    expect((await pending).outcome).toMatchObject({ kind: 'cancelled', confirmed: true });
    expect(processesWith(tag)).toEqual([]);
    expect(await cancelJob(fleet, sshd.target, id)).toBe('finished');
    expect(await cancelJob(fleet, sshd.target, `never ${uid()}`)).toBe('never-started');
  });

  it('gets through while all channels are busy', async () => {
    const tag = `TAG${uid()}`;
    const aborts = Array.from({ length: 10 }, () => new AbortController());
    const pending = aborts.map((abort) => on(endless(tag), {}, { signal: abort.signal }));
    await eventually(() => expect(processesWith(tag).length).toBeGreaterThanOrEqual(8));
    for (const abort of aborts) abort.abort();
    for (const { outcome } of await Promise.all(pending))
      expect(outcome).toMatchObject({ kind: 'cancelled', confirmed: true });
    expect(processesWith(tag)).toEqual([]);
  });

  it('kills nobody when the runner in a journal is somebody else by now', async () => {
    const bystander = spawn('sleep', ['45'], { stdio: 'ignore' });
    const id = `job ${uid()}`;
    const { recorder } = await on('true');
    const file = `${fleet.base}/${nodeJobId(id)}`;
    await on(
      `echo claim ${recorder.token ?? ''} ${bystander.pid ?? 0} 0 > ${file}.job; : > ${file}.out; : > ${file}.err`,
    );
    await cancelJob(fleet, sshd.target, id);
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    expect((await on('', { id, recorder })).outcome).toMatchObject({ kind: 'unknown' });
    bystander.kill();
  });
});

describe('leave', () => {
  it('lets the command go on, and another attempt gets every byte once', async () => {
    const id = `job ${uid()}`;
    const recorder = new Recorder();
    const leave = new AbortController();
    const gate = `${sshd.work}/gate-${uid()}`;
    const script = marks.on(id, `echo early; until [ -e ${gate} ]; do sleep 0.05; done; echo late; exit 5`);
    const pending = on(script, { id, recorder }, { leave: leave.signal });
    await eventually(() => expect(recorder.held.out).toBeGreaterThan(0));
    leave.abort();
    await expect(pending).rejects.toBeInstanceOf(LeftRunning);
    await on(`: > ${gate}`);
    const ran = await on(script, { id, recorder });
    expect(ran).toMatchObject({ outcome: exited(5), out: 'early\nlate\n' });
    expect(marks.count(id)).toBe(1);
  });

  it('happens to all jobs when the fleet is closed', async () => {
    const other = new TestFleet({ base: () => fleet.base });
    const tag = `TAG${uid()}`;
    const recorder = new Recorder();
    const id = `job ${uid()}`;
    const pending = run(other, sshd.target, endless(tag), { id, recorder });
    pending.catch(() => {});
    await eventually(() => expect(processesWith(tag).length).toBeGreaterThan(0));
    await Promise.all([other.closeOnly(), expect(pending).rejects.toBeInstanceOf(LeftRunning)]);
    expect(processesWith(tag).length).toBeGreaterThan(0);
    expect(await cancelJob(fleet, sshd.target, id)).toBe('killed');
  });
});

describe('when something on the node dies', () => {
  it('the runner: the command is ended, the outcome unknown, and it does not run again', async () => {
    const id = `job ${uid()}`;
    const tag = `TAG${uid()}`;
    const recorder = new Recorder();
    const script = marks.on(id, `echo a; sh -c 'while :; do sleep 1; done # ${tag}'`);
    const pending = on(script, { id, recorder });
    await eventually(() => expect(processesWith(tag).length).toBeGreaterThan(0));
    await eventually(() => expect(recorder.held.out).toBe(2));
    const runner = /claim \S+ (\d+)/.exec(fleet.journal(id))?.[1] ?? '';
    process.kill(Number(runner), 'SIGKILL');
    expect((await pending).outcome).toMatchObject({
      kind: 'unknown',
      reason: expect.stringMatching(/watched over/) as string,
    });
    await eventually(() => expect(processesWith(tag)).toEqual([]));
    expect((await on(script, { id, recorder })).outcome).toMatchObject({ kind: 'unknown' });
    expect(marks.count(id)).toBe(1);
  });

  it('the script of the node side: it is put back', async () => {
    const other = new TestFleet();
    await run(other, sshd.target, `rm -f ${other.base}/drover-*.sh`);
    const again = new TestFleet({ base: () => other.base });
    expect((await run(again, sshd.target, 'echo back')).out).toBe('back\n');
    await other.close();
    await again.close();
  });

  it('its whole folder: a job that was sent before is unknown, not run again', async () => {
    const other = new TestFleet();
    const id = `job ${uid()}`;
    const recorder = new Recorder();
    const first = await run(
      other,
      sshd.target,
      marks.on(id, `rm -rf ${other.base}`),
      { id, recorder },
      { reconnectWithin: 3000 },
    );
    expect(first.outcome).toMatchObject({ kind: 'unknown' });
    expect(marks.count(id)).toBe(1);
    await other.close();
  });
});

describe('amounts', () => {
  const everyByte = Array.from({ length: 256 }, (_, i) => `\\${i.toString(8).padStart(3, '0')}`).join('');

  it('every byte value, on both streams', async () => {
    const ran = await on(`for i in 1 2 3; do printf '${everyByte}'; done; printf '${everyByte}' >&2`);
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    expect(ran.bytes.equals(Buffer.concat([all, all, all]))).toBe(true);
    expect(ran.recorder.bytes('err').equals(all)).toBe(true);
  });

  it('100 MB in bounded memory, however slow the journal is', async () => {
    let bytes = 0;
    let most = 0;
    const before = process.memoryUsage().rss;
    const journal = {
      begin: () => Promise.resolve(),
      output: async (_stream: string, _offset: number, chunk: Buffer) => {
        bytes += chunk.length;
        await new Promise((resolve) => setImmediate(resolve));
        most = Math.max(most, process.memoryUsage().rss);
      },
    };
    const job = { id: `big ${uid()}`, script: 'head -c 100000000 /dev/zero', limit: 0, from: { out: 0, err: 0 } };
    expect(await runJob(fleet, sshd.target, job, journal)).toEqual(exited(0));
    expect(bytes).toBe(100_000_000);
    expect((most - before) / 1e6).toBeLessThan(80);
  });

  it('a journal that does not take output stops the stream, not the command', async () => {
    const recorder = new Recorder();
    let letGo = () => {};
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    const output = recorder.output.bind(recorder);
    recorder.output = async (...args) => {
      await gate;
      await output(...args);
    };
    const id = `job ${uid()}`;
    const pending = on('head -c 20000000 /dev/zero', { id, recorder });
    await eventually(() => expect(fleet.journal(id)).toMatch(/end 0/));
    expect(recorder.held.out).toBe(0);
    letGo();
    expect((await pending).bytes.length).toBe(20_000_000);
  });

  it('200 short jobs, eight at a time', async () => {
    const all: Ran[] = [];
    let next = 0;
    const lane = async () => {
      while (next++ < 200) all.push(await on('echo hi'));
    };
    await Promise.all(Array.from({ length: 8 }, lane));
    expect(all.map((ran) => ran.out)).toEqual(Array.from({ length: 200 }, () => 'hi\n'));
  });
});

/** A command that does not end, and that can be found in the list of processes. */
function endless(tag: string): string {
  return `sh -c 'while :; do sleep 1; done # ${tag}'`;
}
