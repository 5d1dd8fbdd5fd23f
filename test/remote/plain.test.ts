import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPlain, type PlainCommand } from '../../remote/exec.ts';
import { eventually } from '../support/eventually.ts';
import { processesWith } from '../support/processes.ts';
import { startProxy } from '../support/proxy.ts';
import { startSshd, type SshdFleet } from '../support/sshd.ts';
import { TestFleet, uid } from './recorder.ts';

let sshd: SshdFleet;
let fleet: TestFleet;

beforeAll(async () => {
  sshd = await startSshd();
  fleet = new TestFleet();
});
afterAll(async () => {
  await fleet.close();
  await sshd.stop();
});

async function on(script: string, command: Partial<PlainCommand> = {}, signal?: AbortSignal, target = sshd.target) {
  const text = { out: '', err: '' };
  const output = (stream: 'out' | 'err', offset: number, bytes: Buffer) => {
    expect(offset).toBe(Buffer.byteLength(text[stream]));
    text[stream] += bytes.toString('latin1');
    return Promise.resolve();
  };
  const outcome = await runPlain(fleet, target, { script, limit: 0, ...command }, output, signal ? { signal } : {});
  return { outcome, ...text };
}

describe('a plain command', () => {
  it('delivers output, errors and the exit code, fifty times in a row', async () => {
    for (let i = 0; i < 50; i++) {
      expect(await on('echo one; echo two >&2; exit 3')).toEqual({
        outcome: { kind: 'exited', code: 3 },
        out: 'one\n',
        err: 'two\n',
      });
    }
  });

  it('reports a death by signal', async () => {
    expect((await on('kill -KILL $$')).outcome).toEqual({ kind: 'exited', code: 137, signal: 'SIGKILL' });
  });

  it('twenty at once over one connection', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => on(`echo ${i}`)));
    expect(all.map(({ out }) => out)).toEqual(Array.from({ length: 20 }, (_, i) => `${i}\n`));
  });

  it('that is confidential, or long, shows nothing in the list of processes and has no input', async () => {
    const secret = `secret-${uid()}`;
    const pending = on(`: ${secret}; cat; sleep 0.3; echo ok`, { confidential: true });
    await eventually(() => expect(processesWith(secret)).toEqual([]));
    expect(await pending).toMatchObject({ outcome: { kind: 'exited', code: 0 }, out: 'ok\n' });
    expect((await on(`: ${'x'.repeat(200_000)}\necho long`)).out).toBe('long\n');
  });

  it('is killed with its children at its time limit', async () => {
    const tag = `TAG${uid()}`;
    const ran = await on(
      `echo a; setsid sh -c "trap '' TERM; while :; do sleep 1; done # ${tag}" & sh -c 'while :; do sleep 1; done # ${tag}'`,
      { limit: 1 },
    );
    expect(ran).toMatchObject({ outcome: { kind: 'timed_out' }, out: 'a\n' });
    expect(processesWith(tag)).toEqual([]);
  });

  it('is killed on cancel, which the node confirms', async () => {
    const tag = `TAG${uid()}`;
    const abort = new AbortController();
    const pending = on(`sh -c 'while :; do sleep 1; done # ${tag}'`, {}, abort.signal);
    await eventually(() => expect(processesWith(tag).length).toBeGreaterThan(0));
    abort.abort();
    expect((await pending).outcome).toMatchObject({ kind: 'cancelled', confirmed: true });
    expect(processesWith(tag)).toEqual([]);
    expect((await on('true', {}, AbortSignal.abort())).outcome).toMatchObject({ kind: 'cancelled', confirmed: true });
  });

  it('is not held up by a background process that keeps its output open', async () => {
    expect(await on('sleep 6 & echo started')).toEqual({
      outcome: { kind: 'exited', code: 0, held: true },
      out: 'started\n',
      err: '',
    });
  });

  it('has an unknown outcome when the connection breaks, and none when there was no connection', async () => {
    const proxy = await startProxy(sshd.target);
    const tag = `TAG${uid()}`;
    const pending = on(`sh -c 'sleep 1; : ${tag}'`, {}, undefined, proxy.target);
    await eventually(() => expect(processesWith(tag).length).toBeGreaterThan(0));
    proxy.reset();
    expect((await pending).outcome).toMatchObject({
      kind: 'unknown',
      reason: expect.stringMatching(/^lost the connection \(connection reset by 127.0.0.1:\d+\)/) as string,
    });
    await proxy.close();
    expect((await on('true', {}, undefined, proxy.target)).outcome).toMatchObject({ kind: 'unreachable' });
  });
});
