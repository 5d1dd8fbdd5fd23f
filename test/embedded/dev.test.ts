import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import type { TaskView } from '../../model/task.ts';
import type { Target } from '../../remote/target.ts';
import { DevProcess, freePorts, type Ports } from '../support/dev-process.ts';
import { eventually } from '../support/eventually.ts';
import { processesWith } from '../support/processes.ts';

describe('drover dev', () => {
  let folder: string;
  let ports: Ports;
  let running: DevProcess[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drover-dev-'));
    await chmod(folder, 0o777); // the nodes' user writes here, too
    ports = await freePorts();
    running = [];
  });

  afterEach(async () => {
    for (const dev of running) await dev.stop();
    await rm(folder, { recursive: true });
  });

  async function started(data = 'data', on = ports): Promise<DevProcess> {
    const dev = await DevProcess.start(join(folder, data), on);
    running.push(dev);
    return dev;
  }

  test('is ready when it says so, and leaves no process behind', async () => {
    const dev = await started();
    expect(dev.url).toBe(`http://127.0.0.1:${ports.port}`);
    expect((await fetch(`${dev.url}/readyz`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${ports.uiPort}`)).status).toBe(200);

    expect(await dev.stop('SIGTERM')).toBe(0);
    expect(processesWith(folder)).toEqual([]);
  });

  test('killed in the middle of a task, goes on at the next start; the commands run once', async () => {
    const killed = await started();
    expect(await killed.post('/api/v1/tasks', slowTask(folder))).toBe(201);
    await eventually(async () => {
      expect(await readFile(join(folder, 'begun'), 'utf8')).toContain('begun');
    });
    await killed.stop('SIGKILL');

    const next = await started();
    await eventually(
      async () => {
        expect(await next.get<TaskView>('/api/v1/tasks/slow')).toMatchObject({ status: 'ok', nodes: { ok: 3 } });
      },
      { within: 60_000 },
    );
    const lines = (await readFile(join(folder, 'begun'), 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(6); // three nodes, two steps
  });

  test("killed in the middle of an OpenDCP client's task, loses nothing: the client finds it at work, and then done", async () => {
    const killed = await started();
    const { targets } = inject('shared').sshd;
    expect(await killed.post('/api/v1/apply', { documents: shop(folder, targets.slice(0, 2)) })).toBe(200);
    const ask = async <Data>(dev: DevProcess, path: string) => (await dev.get<{ data: Data }>(path)).data;
    const [template] = await ask<{ id: number }[]>(killed, '/task_tpl/list');
    const nodes = targets.slice(0, 2).map(({ address }) => ({ ip: address }));
    const task = { template_id: template?.id, task_name: 'deploy', max_ratio: 50, max_num: 1, nodes };
    expect(await killed.post('/task/create', task)).toBe(200);
    await eventually(async () => {
      expect(await readFile(join(folder, 'begun'), 'utf8')).toContain('begun');
    });
    await killed.stop('SIGKILL');

    const next = await started();
    const [shown] = await ask<{ id: number; state: number }[]>(next, '/task/list');
    expect(shown).toMatchObject({ task_name: 'deploy', state: 1 });
    await writeFile(join(folder, 'go'), '');
    await eventually(
      async () => {
        expect(await ask(next, `/task/${shown?.id}`)).toMatchObject({ state: 2, Stat: [0, 0, 2, 0, 0] });
      },
      { within: 60_000 },
    );
    expect((await readFile(join(folder, 'begun'), 'utf8')).trim().split('\n')).toHaveLength(2);
  });

  test('refuses a folder in which another one works, and harms it not', async () => {
    const first = await started();
    await expect(started('data', await freePorts())).rejects.toThrow(/in use by process \d+/);
    expect((await fetch(`${first.url}/readyz`)).status).toBe(200);
  });

  test('refuses a port that another one has, naming the flag', async () => {
    await started();
    await expect(started('other', { ...(await freePorts()), port: ports.port })).rejects.toThrow('--port');
  });

  test('runs beside another one with ports and a folder of its own', async () => {
    const [one, two] = await Promise.all([started(), started('other', await freePorts())]);
    expect(await one.post('/api/v1/tasks', slowTask(folder))).toBe(201);
    await eventually(
      async () => {
        expect(await one.get('/api/v1/tasks/slow')).toMatchObject({ status: 'ok' });
      },
      { within: 60_000 },
    );
    expect((await fetch(`${two.url}/api/v1/tasks/slow`)).status).toBe(404);
  });
});

function slowTask(folder: string): object {
  const { targets, knownHosts, identityFile } = inject('shared').sshd;
  const nodes = targets.slice(0, 3).map((target, i) => ({ name: `node-${i}`, ...target, knownHosts, identityFile }));
  const step = (name: string) => ({ name, actions: [{ shell: `echo begun >> ${folder}/begun; sleep 3` }] });
  return {
    name: 'slow',
    template: { name: 'slow', steps: [step('one'), step('two')] },
    nodes,
    rollout: { batch: '100%' },
  };
}

/** A catalogue whose template waits for the file `go` in the folder. */
function shop(folder: string, targets: readonly Target[]): unknown[] {
  const { port, user, identityFile, knownHosts } = targets[0] ?? {};
  return [
    { kind: 'cluster', name: 'east' },
    { kind: 'service', name: 'shop', cluster: 'east' },
    {
      kind: 'action',
      name: 'wait',
      shell: `echo begun >>${folder}/begun; until [ -e ${folder}/go ] || [ ! -d ${folder} ]; do sleep 0.05; done`,
    },
    { kind: 'step', name: 'wait', actions: ['wait'] },
    { kind: 'template', name: 'deploy', steps: [{ use: 'wait' }] },
    {
      ...{ kind: 'pool', name: 'web', service: 'shop', nodes: targets.map(({ address }) => address) },
      ssh: { port, user, identityFile, knownHosts },
    },
  ];
}
