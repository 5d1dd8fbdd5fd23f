import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startDocker, type DockerEngine } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';
import { startSshd, type SshdFleet } from '../support/sshd.ts';
import { WorkerProcess } from '../support/worker-process.ts';
import { echo, OpendcpEngine } from './opendcp-tasks.ts';

let opendcp: OpendcpEngine;
beforeAll(async () => {
  opendcp = await OpendcpEngine.start();
});
afterAll(() => opendcp.close());

describe('a task of several batches', () => {
  it('begins the second when the first has ended, and succeeds', async () => {
    const ips = await opendcp.nodes(4);
    const id = await opendcp.run(await opendcp.template([opendcp.write('batch')]), ips, { ratio: 50 });
    const first = await opendcp.written('batch', 2);
    expect(await opendcp.task(id)).toMatchObject({ state: 1, step_len: 2, Stat: [2, 2, 0, 0, 0] });
    for (const line of first) await opendcp.engine.touch(`batch-go-${line.split(' ')[1] ?? ''}`);
    await opendcp.written('batch', 4);
    expect((await opendcp.detail(id)).map(({ state }) => state)).toEqual([2, 2, 1, 1]);
    await opendcp.go('batch');
    await opendcp.comes(id, { state: 2, Stat: [0, 0, 4, 0, 0] });
    expect(await opendcp.poolStatuses(ips)).toEqual([2, 2, 2, 2]);
  });
});

describe('a node that fails', () => {
  it('drops out, and the others go on: the task has succeeded, its pool shows which has not', async () => {
    const ips = await opendcp.nodes(2);
    await opendcp.fails('one', ips[1] ?? '');
    await opendcp.go('one');
    const id = await opendcp.run(await opendcp.template([opendcp.write('one'), echo('after')]), ips);
    await opendcp.comes(id, { state: 2, Stat: [0, 0, 1, 1, 0] });
    await opendcp.come(id, [
      { state: 2, steps: 'echo' },
      { state: 3, steps: 'write' },
    ]);
    expect(await opendcp.poolStatuses(ips)).toEqual([2, 3]);
  });

  it('fails the task when no other is left, which runs no later step', async () => {
    const ips = await opendcp.nodes(2);
    for (const ip of ips) await opendcp.fails('all', ip);
    await opendcp.go('all');
    const id = await opendcp.run(await opendcp.template([opendcp.write('all'), opendcp.write('later')]), ips);
    await opendcp.comes(id, { state: 3, Stat: [0, 0, 0, 2, 0] });
    expect(await opendcp.engine.lines('later')).toEqual([]);
  });

  it('is tried again as often as the step says, 5 s later', async () => {
    const [ip = ''] = await opendcp.nodes(1);
    const param_values = { marker: `${opendcp.engine.folder}/marker` };
    const steps = [{ name: 'fail_once', param_values, retry: { retry_times: 1 } }, echo('after')];
    const id = await opendcp.run(await opendcp.template(steps), [ip]);
    await opendcp.comes(id, { state: 2, Stat: [0, 0, 1, 0, 0] });
    const [node] = await opendcp.detail(id);
    const log = await opendcp.client.data(`/task/node/${node?.id}/log`);
    expect(log).toEqual([{ fail_once: 'the first time fails\nand then not\n' }, { echo: 'after\n' }]);
  });

  it('goes on where the step ignores errors', async () => {
    const ips = await opendcp.nodes(1);
    await opendcp.fails('ignored', ips[0] ?? '');
    await opendcp.go('ignored');
    const steps = [opendcp.write('ignored', { ignore_error: true }), echo('after')];
    const id = await opendcp.run(await opendcp.template(steps), ips);
    await opendcp.comes(id, { state: 2, Stat: [0, 0, 1, 0, 0] });
    expect(await opendcp.poolStatuses(ips)).toEqual([2]);
  });
});

describe('pause', () => {
  it('lets the running step end, and start goes on with the next', async () => {
    const ips = await opendcp.nodes(1);
    const id = await opendcp.run(await opendcp.template([opendcp.write('paused'), opendcp.write('next')]), ips);
    await opendcp.written('paused', 1);
    await opendcp.come(id, [{ state: 1, steps: 'write' }]);
    await opendcp.client.data(`/task/pause/${id}`);
    expect(await opendcp.task(id)).toMatchObject({ state: 4 });
    await opendcp.go('paused');
    await opendcp.come(id, [{ state: 4 }]);
    expect(await opendcp.task(id)).toMatchObject({ state: 4, Stat: [0, 0, 0, 0, 1] });
    expect(await opendcp.engine.lines('next')).toEqual([]);
    await opendcp.client.data(`/task/start/${id}`);
    await opendcp.written('next', 1);
    await opendcp.go('next');
    await opendcp.comes(id, { state: 2, Stat: [0, 0, 1, 0, 0] });
    expect(await opendcp.engine.lines('paused')).toHaveLength(1);
  });
});

describe('stop', () => {
  it('ends the task after the running step; start runs what is left', async () => {
    const ips = await opendcp.nodes(1);
    const id = await opendcp.run(await opendcp.template([opendcp.write('stopped'), opendcp.write('rest')]), ips);
    await opendcp.written('stopped', 1);
    await opendcp.client.data(`/task/stop/${id}`);
    await opendcp.go('stopped');
    await opendcp.go('rest');
    await opendcp.comes(id, { state: 2 });
    expect(await opendcp.engine.lines('rest')).toEqual([]);
    await opendcp.client.data(`/task/start/${id}`);
    await opendcp.written('rest', 1);
    await opendcp.comes(id, { state: 2, Stat: [0, 0, 1, 0, 0] });
    expect(await opendcp.engine.lines('stopped')).toHaveLength(1);
  });
});

describe('deploy', () => {
  it("runs the pool's template with the tag; start repeats failed nodes from their step, with that tag and the old steps", async () => {
    const { client, engine } = opendcp;
    const action = await client.id('/action/create', { name: 'roll', params: { tag: 'string' } });
    const args = `echo {{tag}} {{node.address}} >> ${engine.folder}/rolled; test ! -e ${engine.folder}/rolled-bad-{{node.address}}`;
    await client.id('/actimpl/create', {
      action_id: action,
      type: 'ansible',
      template: { action: { module: 'shell', args } },
    });
    await client.id('/remote_step/create', { name: 'start_service_web', actions: ['roll'] });
    const rolling = { name: 'start_service_web', param_values: { tag: 'old' } };
    const template = await opendcp.template([echo('before'), rolling]);
    const pool = await client.id('/pool/create', {
      name: 'rolled',
      service_id: 2,
      tasks: { deploy: String(template) },
    });
    const { ssh } = (await engine.store.catalogue.pools.get(opendcp.pool)) ?? {};
    await engine.store.catalogue.change({ name: 'test', role: 'admin', via: 'local', from: null }, (edit) =>
      edit.pools.update(pool, { ssh: ssh ?? null }),
    );
    const [good = '', bad = ''] = await opendcp.nodes(2, pool);
    await opendcp.fails('rolled', bad);
    const { ids } = (await client.data(`/pool/deploy/${pool}`, { max_num: 1, tag: 'v2 ' })) as { ids: number[] };
    const id = Number(ids[0]);
    await opendcp.comes(id, { task_name: 'deploy_rolled', step_len: 1, state: 2, Stat: [0, 0, 1, 1, 0] });
    expect(await engine.lines('rolled')).toEqual([`v2  ${good}`, `v2  ${bad}`]);

    await client.data(`/task_tpl/update/${template}`, { steps: [{ ...rolling, param_values: { tag: 'edited' } }] });
    await client.data(`/actimpl/update/${action}`, { template: { action: { module: 'shell', args: 'exit 1' } } });
    await engine.remove(`rolled-bad-${bad}`);
    await client.data(`/task/start/${id}`);
    await opendcp.comes(id, { state: 2, Stat: [0, 0, 2, 0, 0] });
    expect(await engine.lines('rolled')).toEqual([`v2  ${good}`, `v2  ${bad}`, `v2  ${bad}`]);
    const { options } = await opendcp.task(id);
    expect(options).toMatchObject([{ name: 'echo' }, { name: 'start_service_web', param_values: { tag: 'v2 ' } }]);
  });
});

describe('a worker that is killed', () => {
  it('loses nothing of a running task', async () => {
    const killed = await OpendcpEngine.start({ worker: false });
    let worker = await WorkerProcess.start(killed.engine);
    try {
      const ips = await killed.nodes(2);
      const id = await killed.run(await killed.template([killed.write('survives'), killed.write('then')]), ips, {
        most: 1,
      });
      await killed.written('survives', 1);
      await worker.kill();
      await killed.go('survives');
      await killed.go('then');
      worker = await WorkerProcess.start(killed.engine);
      await killed.comes(id, { state: 2, Stat: [0, 0, 2, 0, 0] });
      expect(await killed.engine.lines('survives')).toHaveLength(2);
      expect(await killed.engine.lines('then')).toHaveLength(2);
    } finally {
      await worker.stop();
      await killed.close();
    }
  });
});

describe('a catalogue like the shipped one', () => {
  let docker: DockerEngine;
  let sshd: SshdFleet;
  let onDocker: OpendcpEngine;
  beforeAll(async () => {
    const group = inject('shared').sshd.targets[0]?.user ?? '';
    docker = await startDocker({ group, password: 'not-so-secret' });
    sshd = await startSshd({ count: 2, config: [`SetEnv DOCKER_HOST=${docker.host} DOCKER_CONFIG=${docker.config}`] });
    onDocker = await OpendcpEngine.start({ targets: sshd.targets });
  });
  afterAll(async () => {
    await onDocker.close();
    await sshd.stop();
    await docker.close();
  });

  it("replaces a service's container, with an option that stands as it is and a value that stands in quotes", async () => {
    const { client } = onDocker;
    const opts = '--network=none --label "team=web shop"';
    const steps = [
      { name: 'stop_service', param_values: { name: 'shop' } },
      { name: 'start_service', param_values: { name: 'shop', tag: docker.image, opts } },
    ];
    const template = await onDocker.template(steps);
    const [ip = ''] = await onDocker.nodes(1);
    for (const round of ['first', 'again']) {
      const id = await onDocker.run(template, [ip]);
      await onDocker.comes(id, { state: 2, Stat: [0, 0, 1, 0, 0] });
      expect({ round, names: await docker.docker('ps', '--format', '{{.Names}}') }).toEqual({ round, names: 'shop\n' });
    }
    expect(await docker.docker('inspect', '--format', '{{index .Config.Labels "team"}}', 'shop')).toBe('web shop\n');
    await expect(client.data('/task/create', { template_id: 4, max_ratio: 100, nodes: [{ ip }] })).rejects.toThrow(
      /create_vm/,
    );
  });

  it('runs its templates of shell lines and bash files as they came', async () => {
    const [ip = ''] = await onDocker.nodes(1);
    const id = await onDocker.run(7, [ip]);
    await onDocker.comes(id, { state: 2 });
    const [node] = await onDocker.detail(id);
    await eventually(async () => {
      const log = await onDocker.client.data(`/task/node/${node?.id}/log`);
      expect(log).toEqual([{ echo: "你好, it's <you> & me\n" }, { count: 'count 1\ncount 2\ncount 3\n' }]);
    });
  });
});
