import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../embedded/port.ts';
import { eventually } from './eventually.ts';

const run = promisify(execFile);

export interface DockerEngine {
  /** `DOCKER_HOST` of its nodes. */
  host: string;
  /** `DOCKER_CONFIG` of its nodes: where a login is kept. */
  config: string;
  /** A busybox that the engine has, and that needs no registry. */
  image: string;
  /** A registry on loopback that wants a login; `image` is in it, too. */
  registry: { address: string; image: string; username: string; password: string };
  /** What the `docker` program prints. */
  docker(...args: string[]): Promise<string>;
  /** Ends its containers and everything else that it has started. */
  close(): Promise<void>;
}

const USERNAME = 'deploy';

/**
 * A real Docker engine, in a folder of its own, for members of `group`. It has no network of its own: containers run with
 * `none` or `host`.
 */
export async function startDocker({ group, password }: { group: string; password: string }): Promise<DockerEngine> {
  if (process.getuid?.() !== 0) throw new Error('a Docker engine of their own needs these tests to run as root');
  const folder = await mkdtemp(join(tmpdir(), 'drover-docker-'));
  await chmod(folder, 0o755);
  const config = join(folder, 'config');
  await mkdir(config);
  await chmod(config, 0o777);
  const host = `unix://${folder}/docker.sock`;
  const started: ChildProcess[] = [];
  const docker = async (...args: string[]) => {
    const { stdout } = await run('docker', args, {
      env: { ...process.env, DOCKER_HOST: host, DOCKER_CONFIG: join(folder, 'own-config') },
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout;
  };
  const close = async () => {
    await removeContainers(docker).catch(() => undefined); // when the engine has not come up
    await Promise.all(started.map(end));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const registry = await startRegistry(folder, password, started);
    started.push(startEngine(folder, host, group));
    await eventually(() => docker('version'), { within: 60_000 });
    const image = 'drover-busybox:1';
    await importBusybox(folder, image, docker);
    await push(image, registry, docker);
    return { host, config, image, registry, docker, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function startEngine(folder: string, host: string, group: string): ChildProcess {
  return start('dockerd', [
    ...['-H', host, '--group', group],
    ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')],
    ...['--iptables=false', '--bridge=none', '--storage-driver=vfs', '--shutdown-timeout=1', '--log-level=error'],
  ]);
}

async function startRegistry(
  folder: string,
  password: string,
  started: ChildProcess[],
): Promise<DockerEngine['registry']> {
  const port = await freePort();
  const users = join(folder, 'registry-users');
  await writeFile(users, `${USERNAME}:${bcrypt(password)}\n`);
  const settings = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'registry') } },
    http: { addr: `127.0.0.1:${port}` },
    auth: { htpasswd: { realm: 'tests', path: users } },
  };
  const file = join(folder, 'registry.yml');
  await writeFile(file, JSON.stringify(settings));
  started.push(start('docker-registry', ['serve', file]));
  const address = `127.0.0.1:${port}`;
  await eventually(async () => {
    if ((await fetch(`http://${address}/v2/`)).status !== 401) throw new Error('the registry is not ready');
  });
  return { address, image: `${address}/web/busybox:1`, username: USERNAME, password };
}

/** The only kind of password that the registry reads. Perl is on every Debian, and its crypt knows it. */
function bcrypt(password: string): string {
  const program = 'print crypt($ENV{PASSWORD}, q($2b$05$abcdefghijklmnopqrstuu))';
  return execFileSync('perl', ['-e', program], { env: { PASSWORD: password }, encoding: 'utf8' });
}

async function importBusybox(folder: string, image: string, docker: DockerEngine['docker']): Promise<void> {
  const root = join(folder, 'root');
  await mkdir(join(root, 'bin'), { recursive: true });
  await mkdir(join(root, 'tmp'));
  await copyFile('/usr/bin/busybox', join(root, 'bin/busybox'));
  for (const program of ['sh', 'sleep', 'cat', 'env', 'echo', 'touch', 'printf', 'ls', 'pwd'])
    await symlink('busybox', join(root, 'bin', program));
  const archive = join(folder, 'root.tar');
  await run('tar', ['-C', root, '-cf', archive, '.']);
  await docker('import', '--change', 'CMD ["sleep", "3600"]', archive, image);
}

async function push(image: string, registry: DockerEngine['registry'], docker: DockerEngine['docker']): Promise<void> {
  await docker('login', '--username', registry.username, '--password', registry.password, registry.address);
  await docker('tag', image, registry.image);
  await docker('push', '--quiet', registry.image);
  await docker('rmi', registry.image);
}

async function removeContainers(docker: DockerEngine['docker']): Promise<void> {
  const ids = (await docker('ps', '--all', '--quiet')).split('\n').filter((id) => id !== '');
  if (ids.length > 0) await docker('rm', '--force', ...ids);
}

function start(program: string, args: string[]): ChildProcess {
  return spawn(program, args, { stdio: 'ignore' });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}
