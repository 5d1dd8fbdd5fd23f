import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import type { TaskHandle } from '../../client/index.ts';
import { startDocker, type DockerEngine } from '../support/docker.ts';
import { Engine, named, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { startSshd, type SshdFleet } from '../support/sshd.ts';
import { ProcessWatch, tracesOf } from '../support/traces.ts';

const PASSWORD = `pass word"$(x)'é`;
const TOKEN = `tok'en "$HOME" \`id\` ünique\nline two`;

let docker: DockerEngine;
let sshd: SshdFleet;
let engine: Engine;
beforeAll(async () => {
  const group = inject('shared').sshd.targets[0]?.user ?? '';
  docker = await startDocker({ group, password: PASSWORD });
  sshd = await startSshd({ count: 2, config: [`SetEnv DOCKER_HOST=${docker.host} DOCKER_CONFIG=${docker.config}`] });
  engine = await Engine.start();
  vi.stubEnv('REGISTRY_PASSWORD', PASSWORD);
  vi.stubEnv('TOKEN', TOKEN);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await engine.close();
  await sshd.stop();
  await docker.close();
});

interface Wanted {
  params?: Record<string, string>;
  nodes?: number;
}

/** Each action is a step. */
const start = (actions: object[], { params = {}, nodes = 1 }: Wanted = {}): Promise<TaskHandle> =>
  engine.drover.run({
    name: newTaskName('docker'),
    template: {
      name: 'docker',
      params: Object.fromEntries(Object.keys(params).map((name) => [name, {}])),
      steps: actions.map((action, i) => ({ name: `step-${i + 1}`, actions: [action] })),
    },
    nodes: named(sshd.targets.slice(0, nodes)),
    params,
  });

const done = async (actions: object[], wanted?: Wanted): Promise<TaskHandle> => {
  const task = await start(actions, wanted);
  await task.result();
  return task;
};

const failed = async (actions: object[], wanted?: Wanted): Promise<TaskHandle> => {
  const task = await start(actions, wanted);
  await expect(task.result()).rejects.toThrow('1 of 1 nodes failed');
  return task;
};

interface Container {
  Id: string;
  State: { Running: boolean; StartedAt: string };
  Config: { Env: string[]; Labels: Record<string, string>; Cmd: string[] };
}

async function inspect(name: string): Promise<Container | undefined> {
  const [container] = JSON.parse(await docker.docker('inspect', name).catch(() => '[]')) as Container[];
  return container;
}

const web = (more: object = {}) => ({
  docker: { run: { name: 'web-{{node.name}}', image: docker.image, network: 'none', ...more } },
});

describe('login and pull', () => {
  it('bring an image from a registry that wants a password', async () => {
    const { address, image, username } = docker.registry;
    const task = await done([
      { docker: { login: { registry: address, username, password: 'secret:REGISTRY_PASSWORD' } } },
      { docker: { pull: image } },
    ]);
    expect(await docker.docker('images', '--format', '{{.Repository}}:{{.Tag}}')).toContain(image);
    expect(await engine.log(task, 0)).toContain('Login Succeeded');
    expect(await tracesOf([PASSWORD], engine, task)).toEqual([]);
  });

  it('fail with what docker said in the log, without the password', async () => {
    const { address, username } = docker.registry;
    vi.stubEnv('WRONG_PASSWORD', 'not-the-right-one');
    const task = await failed([
      { docker: { login: { registry: address, username, password: 'secret:WRONG_PASSWORD' } } },
    ]);
    expect(await engine.log(task, 0)).toContain('401 Unauthorized');
    expect(await tracesOf(['not-the-right-one'], engine, task)).toEqual([]);

    const missing = await failed([{ docker: { pull: `${address}/no/such:1` } }]);
    const [node] = await engine.ledger(missing);
    expect(node?.steps[0]).toMatchObject({ status: 'failed', exitCode: 1, reason: 'exit code 1' });
    expect(await engine.log(missing, 0)).toMatch(/not found|denied/);
  });
});

describe('run', () => {
  it('starts a container on each node; with replace the old one makes way for the new one', async () => {
    const actions = [web({ replace: true, env: { TAG: '{{tag}}' } })];
    await done(actions, { params: { tag: '1' }, nodes: 2 });
    const old = await inspect('web-n01');
    expect(old).toMatchObject({
      State: { Running: true },
      Config: { Env: expect.arrayContaining(['TAG=1']) as string[] },
    });

    await done(actions, { params: { tag: '2' }, nodes: 2 });
    const fresh = await inspect('web-n01');
    expect(fresh).toMatchObject({
      State: { Running: true },
      Config: { Env: expect.arrayContaining(['TAG=2']) as string[] },
    });
    expect(await inspect(old?.Id ?? '')).toBeUndefined();
    expect(await inspect('web-n02')).toMatchObject({ Config: { Env: expect.arrayContaining(['TAG=2']) as string[] } });
  });

  it('without replace leaves the container there alone and fails', async () => {
    await done([web({ replace: true })]);
    const there = await inspect('web-n01');
    const task = await failed([web()]);
    expect((await inspect('web-n01'))?.Id).toBe(there?.Id);
    expect(await engine.log(task, 0)).toContain('is already in use by container');
  });

  it('not detached takes the exit code and the output of the container', async () => {
    const once = (command: string[]) => [
      { docker: { run: { image: docker.image, network: 'none', rm: true, detach: false, command } } },
    ];
    const task = await done(once(['echo', 'from within']));
    expect(await engine.log(task, 0)).toBe('from within\n');
    const [node] = await engine.ledger(await failed(once(['sh', '-c', 'exit 9'])));
    expect(node?.steps[0]).toMatchObject({ status: 'failed', exitCode: 9 });
  });
});

describe('a running container', () => {
  const RUNNING = "docker inspect -f '{{.State.Running}}' web-{{node.name}}";

  it('is stopped, started, restarted and removed', async () => {
    await done([web({ replace: true })]);
    const first = await inspect('web-n01');
    const stopped = await done([
      { docker: { stop: { name: 'web-{{node.name}}', time: 0 } } },
      { shell: RUNNING },
      { docker: { start: 'web-{{node.name}}' } },
      { shell: RUNNING },
    ]);
    expect(await engine.log(stopped, 0)).toBe('web-n01\nfalse\nweb-n01\ntrue\n');
    const second = await inspect('web-n01');
    expect(second?.Id).toBe(first?.Id);

    await done([{ docker: { restart: { name: 'web-{{node.name}}', time: '0s' } } }]);
    const third = await inspect('web-n01');
    expect(third).toMatchObject({ Id: first?.Id, State: { Running: true } });
    expect(third?.State.StartedAt).not.toBe(second?.State.StartedAt);

    await failed([{ docker: { rm: 'web-{{node.name}}' } }]);
    await done([{ docker: { rm: { name: 'web-{{node.name}}', force: true } } }]);
    expect(await inspect('web-n01')).toBeUndefined();
  });

  it('has commands run in it, whose output and exit code are the step’s', async () => {
    const exec = (command: string[]) => ({
      docker: { exec: { name: 'web-{{node.name}}', command, env: { WHO: '{{node.name}}' }, workdir: '/tmp' } },
    });
    const task = await done([web({ replace: true }), exec(['sh', '-c', 'echo "$WHO in $(pwd)"'])]);
    expect(await engine.log(task, 0)).toContain('n01 in /tmp\n');
    const [node] = await engine.ledger(await failed([exec(['sh', '-c', 'echo bad >&2; exit 7'])]));
    expect(node?.steps[0]).toMatchObject({ status: 'failed', exitCode: 7, reason: 'exit code 7' });
  });
});

describe('prune', () => {
  it('removes containers that have ended and leaves those that run', async () => {
    await docker.docker('run', '--name', 'over', '--network', 'none', docker.image, 'echo', 'done');
    await done([web({ replace: true }), { docker: { prune: {} } }]);
    expect(await inspect('over')).toBeUndefined();
    expect(await inspect('web-n01')).toMatchObject({ State: { Running: true } });
  });
});

describe('names, labels, values and words that need quoting', () => {
  const hostile = (): Record<string, string> => ({
    substitution: `$(touch ${engine.folder}/pwned)`,
    backticks: `\`touch ${engine.folder}/pwned\``,
    quotes: `'; touch ${engine.folder}/pwned; echo "`,
    lines: 'first\n\nthird\n',
    spaces: '  two  spaces\tand a tab ',
    unicode: 'Grüße, 世界 🐑',
    dashes: '--rm',
    placeholder: '{{node.name}}',
    backslash: String.raw`\n \\ \$ \'`,
    variable: '$HOME ${PATH} *',
    empty: '',
  });

  it('arrive unchanged in run, and nothing of them is run', async () => {
    const params = hostile();
    const filled = Object.fromEntries(Object.keys(params).map((name) => [name, `{{${name}}}`]));
    const words = Object.values(filled);
    await done([web({ replace: true, env: filled, labels: filled, command: ['sleep', '3600', ...words] })], { params });
    const config = (await inspect('web-n01'))?.Config;
    expect(config?.Env).toEqual(
      expect.arrayContaining(Object.entries(params).map(([name, value]) => `${name}=${value}`)),
    );
    expect(config?.Labels).toMatchObject(params);
    expect(config?.Cmd).toEqual(['sleep', '3600', ...Object.values(params)]);
    expect(await engine.files()).toEqual([]);
  });

  it('arrive unchanged in exec', async () => {
    const params = hostile();
    const words = Object.keys(params).map((name) => `{{${name}}}`);
    const task = await done(
      [
        web({ replace: true, rm: true }),
        {
          docker: {
            exec: {
              name: 'web-{{node.name}}',
              env: { VALUE: '{{quotes}}' },
              command: ['sh', '-c', 'printf "<%s>" "$VALUE" "$@"', 'sh', ...words],
            },
          },
        },
      ],
      { params },
    );
    const [, said = ''] = /^[0-9a-f]{64}\n([^]*)$/.exec(await engine.log(task, 0)) ?? [];
    expect(said).toBe([params['quotes'] ?? '', ...Object.values(params)].map((value) => `<${value}>`).join(''));
    expect(await engine.files()).toEqual([]);
  });

  it('as names are refused by docker, and nothing of them is run', async () => {
    const { substitution = '', quotes = '', lines = '' } = hostile();
    for (const name of [substitution, quotes, lines]) {
      const run = { name: '{{name}}', image: docker.image, network: 'none', replace: true };
      const task = await failed([{ docker: { run } }], { params: { name } });
      expect(await engine.log(task, 0)).toContain('Invalid container name');
    }
    await expect(start([{ docker: { stop: '{{name}}' } }], { params: { name: '--help' } })).rejects.toThrow(
      "docker.stop.name: '--help' cannot be given to docker",
    );
    expect(await engine.files()).toEqual([]);
  });
});

describe('a secret', () => {
  it('reaches the container and the command, and shows in no command line, history, log or table', async () => {
    const watch = new ProcessWatch();
    const { address, username } = docker.registry;
    const task = await start(
      [
        { docker: { login: { registry: address, username, password: '{{password}}' } } },
        web({ replace: true, env: { TOKEN: '{{token}}', OPEN: 'to be seen' }, volumes: [`${engine.folder}:/shared`] }),
        {
          docker: {
            exec: {
              name: 'web-{{node.name}}',
              env: { AGAIN: 'secret:TOKEN', SEEN: 'to be seen, too' },
              command: [
                'sh',
                '-c',
                'printf %s "$TOKEN" > /shared/run; printf %s "$AGAIN" > /shared/exec; env; until [ -e /shared/go ]; do sleep 0.1; done',
              ],
            },
          },
        },
      ],
      { params: { password: 'secret:REGISTRY_PASSWORD', token: 'secret:TOKEN' } },
    );
    await eventually(() => expect(watch.shown('SEEN=to be seen, too')).not.toEqual([]), { within: 30_000 });
    await docker.docker('exec', 'web-n01', 'touch', '/shared/go');
    await task.result();
    await watch.stop();

    expect((await inspect('web-n01'))?.Config.Env).toContain(`TOKEN=${TOKEN}`);
    expect(await readFile(join(engine.folder, 'run'), 'utf8')).toBe(TOKEN);
    expect(await readFile(join(engine.folder, 'exec'), 'utf8')).toBe(TOKEN);
    expect(watch.shown('OPEN=to be seen')).not.toEqual([]);
    const secrets = [PASSWORD, ...TOKEN.split('\n')];
    for (const secret of secrets) expect(watch.shown(secret), secret).toEqual([]);
    expect(await tracesOf(secrets, engine, task)).toEqual([]);
    expect(await engine.log(task, 0)).toContain('TOKEN=***');
    expect(await tracesOf(['to be seen, too'], engine, task)).not.toEqual([]);
  });
});
