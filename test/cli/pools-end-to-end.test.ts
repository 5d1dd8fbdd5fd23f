import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { PoolView } from '../../cli/print/pool.ts';
import type { TaskView } from '../../model/task.ts';
import { Dev } from '../support/dev.ts';
import { eventually } from '../support/eventually.ts';

let folder: string;
let dev: Dev;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-pools-'));
  await chmod(folder, 0o777);
  await writeExample();
  await writeFile(
    join(folder, 'web.yaml'),
    web()
      .map((one) => JSON.stringify(one))
      .join('\n---\n'),
  );
  dev = await Dev.in(join(folder, 'data'));
  await dev.start();
  const applied = await dev.run(
    'apply',
    join(folder, 'pool.yaml'),
    join(folder, 'templates.yaml'),
    join(folder, 'web.yaml'),
  );
  expect(applied, applied.stderr).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await dev.end('SIGTERM');
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** examples/pools, whose spares are whatever machine it is tried on: here nodes that ssh reaches, which work in the folder. */
async function writeExample(): Promise<void> {
  const [node] = spares();
  for (const file of ['pool.yaml', 'templates.yaml']) {
    const text = await readFile(new URL(`../../examples/pools/${file}`, import.meta.url), 'utf8');
    const own = text.replaceAll(/\{ name: (spare-\d), address: localhost \}/g, (_, name: string) =>
      JSON.stringify({ ...node, name }),
    );
    await writeFile(join(folder, file), own.replaceAll('/var/tmp/drover-demo', folder));
  }
}

/** A pool of which nodes leave a file of their name; an expansion waits while `hold` is there. */
function web(): object[] {
  const mark = join(folder, 'on-{{node.name}}');
  const template = (name: string, ...steps: object[]) => ({ kind: 'template', name, steps });
  const step = (name: string, shell: string) => ({ name, actions: [{ shell }] });
  const start = step('start', `while [ -e ${folder}/hold ]; do sleep 0.05; done; echo {{tag}} >${mark}`);
  return [
    { ...template('grow', { use: 'create_vm' }, start), params: { tag: { default: '1' } } },
    template('fade', step('stop', `rm ${mark}`), { use: 'return_vm' }),
    {
      ...{ kind: 'pool', name: 'web', service: 'demo-web', onFailure: 'keep', limits: { max: 4 } },
      ...{ templates: { expand: 'grow', shrink: 'fade' }, provider: { ssh: { spares: spares() } } },
    },
  ];
}

function spares(): object[] {
  const targets = inject('shared').sshd.targets.slice(0, 4);
  return targets.map((target, i) => ({ ...target, name: `spare-${i + 1}` }));
}

const poolOf = async (name: string) => JSON.parse((await dev.run('pool', 'show', name, '--json')).stdout) as PoolView;

describe('an operator with a pool', () => {
  it('grows it, deploys to it, and shrinks it, as in the example', async () => {
    const version = (node: string) => readFile(join(folder, node, 'VERSION'), 'utf8');
    const grown = await dev.run('pool', 'expand', 'demo-web', '--count', '2', '--param', 'tag=1.4.2', '--json');
    expect(grown, grown.stderr).toMatchObject({ code: 0 });
    const task = JSON.parse(grown.stdout) as TaskView;
    expect(task).toMatchObject({ kind: 'expand', pool: 'demo-web', status: 'ok', nodes: { total: 2, ok: 2 } });
    expect(task.name).toMatch(/^expand-demo-web-/);
    expect(await version('demo-web-1')).toBe('1.4.2\n');
    expect(await poolOf('demo-web')).toMatchObject({
      ...{ count: 2, queue: [], unreleased: [] },
      nodes: [
        { name: 'demo-web-1', status: 'ok', providerId: expect.stringMatching(/^spare-/) as string },
        { name: 'demo-web-2', status: 'ok' },
      ],
    });

    const deployed = await dev.run('pool', 'deploy', 'demo-web', '--param', 'tag=1.4.3', '--node', 'demo-web-2');
    expect(deployed, deployed.stderr).toMatchObject({ code: 0 });
    expect([await version('demo-web-1'), await version('demo-web-2')]).toEqual(['1.4.2\n', '1.4.3\n']);
    const shrunk = await dev.run('pool', 'shrink', 'demo-web', '--count', '1', '--choose', 'oldest');
    expect(shrunk, shrunk.stderr).toMatchObject({ code: 0 });
    await expect(version('demo-web-1')).rejects.toThrow('ENOENT');
    expect((await dev.run('pool', 'show', 'demo-web')).stdout).toMatch(/^demo-web-2 .* ok /m);
  });

  it('waits for its turn and is told so, or does not wait', async () => {
    await writeFile(join(folder, 'hold'), '');
    const first = await dev.run('pool', 'expand', 'web', '--to', '2', '--detach', '--name', 'first');
    expect(first, first.stderr).toMatchObject({ code: 0 });
    const second = dev.run('pool', 'shrink', 'web', '--to', '1', '--name', 'second');
    await eventually(async () => {
      expect((await poolOf('web')).queue).toMatchObject([
        { name: 'first', status: 'running' },
        { name: 'second', status: 'pending', reason: expect.stringContaining('1 ahead of it') as string },
      ]);
    });
    const busy = await dev.run('pool', 'expand', 'web', '--count', '1', '--now', '--json');
    expect(busy, busy.stderr).toMatchObject({ code: 6 });
    expect(JSON.parse(busy.stdout)).toMatchObject({ error: { code: 'busy' } });

    await rm(join(folder, 'hold'));
    const ended = await second;
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(ended.stderr).toContain('second: waits for pool web: 1 ahead of it');
    expect((await dev.run('tasks', '--pool', 'web')).stdout).toMatch(/^second .* shrink web /m);
    expect(await poolOf('web')).toMatchObject({ count: 1, queue: [] });
  });

  it('sees what machines are left over, and gives them back', async () => {
    await mkdir(join(folder, 'on-web-3')); // where the node would write a file
    const failed = await dev.run('pool', 'expand', 'web', '--count', '1', '--max-failures', '100%', '--name', 'broken');
    expect(failed, failed.stderr).toMatchObject({ code: 1 });
    expect(await poolOf('web')).toMatchObject({ count: 1, unreleased: [{ task: 'broken' }] });
    expect((await dev.run('pool', 'show', 'web')).stdout).toContain('  drover pool release web');
    const released = await dev.run('pool', 'release', 'web');
    expect(released, released.stderr).toMatchObject({ code: 0 });
    expect((await poolOf('web')).unreleased).toEqual([]);
  });

  it('is refused what cannot be, before anything is made', async () => {
    const refused = async (...args: string[]) => {
      const { code, stderr } = await dev.run('pool', ...args);
      return [code, stderr];
    };
    const most = [2, expect.stringContaining('expected at most 4')];
    expect(await refused('expand', 'nope', '--count', '1')).toEqual([2, 'there is no pool named nope\n']);
    expect(await refused('expand', 'web', '--count', '0')).toEqual([
      2,
      '--count: is 0, expected how many, 1 to 1000\n',
    ]);
    expect(await refused('expand', 'web', '--count', '9')).toEqual(most);
    const stranger = [2, expect.stringContaining('demo-web-2 is no node of pool web, but of demo-web')];
    expect(await refused('shrink', 'web', '--node', 'demo-web-2')).toEqual(stranger);
    expect(await refused('deploy', 'demo-web')).toEqual([2, expect.stringContaining('{{tag}} has no value')]);
  });
});
