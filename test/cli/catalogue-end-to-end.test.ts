import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { TaskView } from '../../model/task.ts';
import { Dev } from '../support/dev.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/catalogue', import.meta.url));
const NODES = ['n1', 'n2', 'n3', 'n4'];

let folder: string;
let dev: Dev;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-shop-'));
  await chmod(folder, 0o777);
  const nodes = inject('shared').sshd.targets.slice(0, NODES.length);
  const named = nodes.map((node, i) => ({
    ...node,
    name: NODES[i] ?? '',
    params: { dir: join(folder, NODES[i] ?? '') },
  }));
  await writeFile(join(folder, 'nodes.json'), JSON.stringify(named));
  dev = await Dev.in(join(folder, 'data'));
  await dev.start();
});
afterAll(async () => {
  await dev.end('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

const served = async (node: string) => readFile(join(folder, node, 'current/VERSION'), 'utf8');
const show = async (name: string) => JSON.parse((await dev.run('show', name, '--json')).stdout) as TaskView;

describe('a team with its catalogue in git', () => {
  it('applies it, adds nodes to a pool, and runs a template on the pool to the end', async () => {
    expect(await dev.run('apply', EXAMPLE)).toMatchObject({ code: 0 });
    expect(await dev.run('pool', 'add', 'web', '--nodes', join(folder, 'nodes.json'))).toMatchObject({ code: 0 });
    const ran = await dev.run('run', 'rolling', '--pool', 'web', '--param', 'tag=1.4.2', '--name', 'first');
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(await Promise.all(NODES.map(served))).toEqual(NODES.map(() => '1.4.2\n'));
    expect(await show('first')).toMatchObject({
      status: 'ok',
      template: 'rolling',
      pool: 'web',
      nodes: { total: 4, ok: 4 },
    });
    expect((await dev.run('logs', 'first', '--node', 'n1')).stdout).toContain('current is 1.4.2');
  });

  it('changes a template; a task that failed before is retried as it was started', async () => {
    await rm(join(folder, 'n3'), { recursive: true });
    await writeFile(join(folder, 'n3'), 'no folder');
    const run = (name: string, tag: string) =>
      dev.run(
        'run',
        'rolling',
        '--pool',
        'web',
        '--nodes',
        'n3',
        '--param',
        `tag=${tag}`,
        '--name',
        name,
        '--max-failures',
        '100%',
      );
    expect(await run('second', '1.4.3')).toMatchObject({ code: 1 });

    await mkdir(join(folder, 'next'));
    const template = await readFile(join(EXAMPLE, 'rolling.yaml'), 'utf8');
    await writeFile(join(folder, 'next/rolling.yaml'), template.replaceAll("'{{tag}}'", "'v{{tag}}'"));
    expect(await dev.run('apply', join(folder, 'next'))).toMatchObject({ code: 0 });

    await rm(join(folder, 'n3'));
    expect(await dev.run('retry', 'second')).toMatchObject({ code: 0 });
    expect(await dev.run('watch', 'second')).toMatchObject({ code: 0 });
    expect(await served('n3')).toBe('1.4.3\n');
    expect(await run('third', '1.4.3')).toMatchObject({ code: 0 });
    expect(await served('n3')).toBe('v1.4.3\n');
    expect((await dev.run('pool', 'show', 'web')).stdout).toMatch(/^n3 .* ok /m);
  });

  it('runs an earlier version of it', async () => {
    const ran = await dev.run(
      'run',
      'rolling@1',
      '--pool',
      'web',
      '--nodes',
      'n1,n2',
      '--param',
      'tag=1.4.1',
      '--name',
      'back',
    );
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(await Promise.all(['n1', 'n2', 'n4'].map(served))).toEqual(['1.4.1\n', '1.4.1\n', '1.4.2\n']);
  });
});
