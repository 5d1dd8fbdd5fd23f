import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskHandle } from '../../client/index.ts';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { WorkerProcess } from '../support/worker-process.ts';

const MIB = 1024 * 1024;

let engine: Engine;
let worker: WorkerProcess;
beforeAll(async () => {
  engine = await Engine.start({ worker: false });
  worker = await WorkerProcess.start(engine);
});
afterAll(async () => {
  await worker.stop();
  await engine.close();
});

const start = (shell: string, nodes = 1): Promise<TaskHandle> =>
  engine.drover.run({
    name: newTaskName('output'),
    template: { name: 'output', steps: [{ name: 'print', actions: [{ shell }] }] },
    nodes: engine.nodes(nodes),
  });

type Stream = 'out' | 'err';

async function chunks(task: TaskHandle, stream: Stream): Promise<Buffer[]> {
  const found = await engine.store.logs.read(await engine.idOf(task), { limit: 10_000 });
  return found.chunks.filter((chunk) => chunk.stream === stream).map(({ bytes }) => bytes);
}

const output = async (task: TaskHandle, stream: Stream = 'out'): Promise<Buffer> =>
  Buffer.concat(await chunks(task, stream));

/** Bytes of memory, now and at most since `forgetMost`. */
async function memory(field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${worker.pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
}

const forgetMost = () => writeFile(`/proc/${worker.pid}/clear_refs`, '5');

/** That many bytes in lines of 64. */
const much = (bytes: number) => `yes ${'x'.repeat(63)} | head -c ${bytes}`;

describe('100 MB of output', () => {
  it('take little memory of the worker; the log keeps its beginning and its end and says what it left out', async () => {
    await (await start(much(3 * MIB))).result();
    await forgetMost();
    const before = await memory('VmRSS');

    const task = await start(`echo beginning; ${much(100 * MIB)}; echo end; echo other >&2`);
    await task.result();
    const most = await memory('VmHWM');
    expect(most - before).toBeLessThan(150 * MIB);

    const log = await output(task);
    expect(log.length).toBeLessThan(1.5 * MIB);
    const [head = '', leftOut = '', tail = ''] = log.toString().split(/\n… (\d+) bytes left out …\n/);
    expect(head.startsWith('beginning\nxxx')).toBe(true);
    expect(tail.endsWith('xxx\nend\n')).toBe(true);
    expect(head.length).toBeGreaterThanOrEqual(MIB / 2);
    expect(tail.length).toBeGreaterThanOrEqual(MIB / 2);
    expect(head.length + Number(leftOut) + tail.length).toBe('beginning\n'.length + 100 * MIB + 'end\n'.length);
    expect((await output(task, 'err')).toString()).toBe('other\n');
  });

  it('do not keep the command waiting, even when the worker takes none of it', async () => {
    const task = await start(
      `${much(MIB)}; ${engine.waitingFor('go')}; ${much(100 * MIB)}; touch ${engine.folder}/written`,
    );
    await eventually(async () => expect((await output(task)).length).toBe(MIB), { within: 30_000 });
    process.kill(worker.pid, 'SIGSTOP');
    try {
      await engine.touch('go');
      await eventually(async () => expect(await engine.files()).toContain('written'), { within: 30_000 });
    } finally {
      process.kill(worker.pid, 'SIGCONT');
    }
    expect(await task.result()).toMatchObject({ counts: { ok: 1 } });
    expect((await output(task)).toString()).toContain('bytes left out');
    await engine.remove('go');
  });

  it('from several nodes at once take little memory, too', async () => {
    await forgetMost();
    const before = await memory('VmRSS');
    const task = await start(much(30 * MIB), 8);
    await task.result();
    expect((await memory('VmHWM')) - before).toBeLessThan(150 * MIB);
  });
});

describe('output', () => {
  it('that is binary is in the log byte by byte', async () => {
    const task = await start(`head -c 300000 /dev/urandom | tee ${engine.folder}/bytes`);
    await task.result();
    expect((await output(task)).equals(await readFile(join(engine.folder, 'bytes')))).toBe(true);
  });

  it('that stops in the middle of a character goes on where it stopped', async () => {
    const [first, ...others] = Buffer.from('界').map((byte) => byte);
    const octal = (bytes: (number | undefined)[]) => bytes.map((byte) => `\\${(byte ?? 0).toString(8)}`).join('');
    const task = await start(
      `printf 'world 世${octal([first])}'; ${engine.waitingFor('half')}; printf '${octal(others)}.\\n'`,
    );
    const begun = Buffer.concat([Buffer.from('world 世'), Buffer.from([first ?? 0])]);
    await eventually(async () => expect(await output(task)).toEqual(begun), { within: 30_000 });
    await engine.touch('half');
    await task.result();
    expect((await output(task)).toString()).toBe('world 世界.\n');
    expect((await chunks(task, 'out')).length).toBeGreaterThan(1);
  });

  it('of both kinds is kept, each for itself', async () => {
    const task = await start('for i in 1 2 3; do echo "out $i"; echo "err $i" >&2; done; printf "no newline"');
    await task.result();
    expect((await output(task, 'out')).toString()).toBe('out 1\nout 2\nout 3\nno newline');
    expect((await output(task, 'err')).toString()).toBe('err 1\nerr 2\nerr 3\n');
  });

  it('in many small lines can be read while the command runs', async () => {
    const lines = Array.from({ length: 500 }, (_, i) => `line ${i + 1}\n`).join('');
    const task = await start(
      `i=1; while [ $i -le 500 ]; do echo "line $i"; i=$((i+1)); done; ${engine.waitingFor('read')}; echo end`,
    );
    await eventually(async () => expect((await output(task)).toString()).toBe(lines), { within: 30_000 });
    const [node] = await engine.ledger(task);
    expect(node).toMatchObject({ status: 'running' });
    await engine.touch('read');
    await task.result();
    expect((await output(task)).toString()).toBe(`${lines}end\n`);
  });

  it('that nobody ended by a newline, or that is not there at all, is as it is', async () => {
    const task = await start('true');
    await task.result();
    expect(await output(task)).toHaveLength(0);
    expect(await output(task, 'err')).toHaveLength(0);
  });
});
