import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../embedded/port.ts';
import { eventually } from './eventually.ts';

export interface PostgresServer {
  /** Of its first database, by a user who may do everything, with a password. */
  url: string;
  stop: () => Promise<void>;
}

/** A real PostgreSQL on a free loopback port, in a folder of its own. Not `durable`: without fsync, as tests like it. */
export async function startPostgres({ durable = false } = {}): Promise<PostgresServer> {
  const bin = findBinaries();
  const user = serviceUser();
  const folder = await mkdtemp(join(tmpdir(), 'drover-postgres-'));
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, 'not-so-secret');
  if (user) await Promise.all([folder, passwordFile].map((path) => chown(path, user.uid, user.gid)));

  const options = [
    '--username=drover',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
  ];
  execFileSync(join(bin, 'initdb'), ['-D', data, '--no-sync', ...options], { ...user, cwd: folder, stdio: 'pipe' });

  const port = await freePort();
  const settings = { max_connections: 200, fsync: durable ? 'on' : 'off', unix_socket_directories: folder };
  const server = spawn(
    join(bin, 'postgres'),
    [
      '-D',
      data,
      '-p',
      String(port),
      '-h',
      '127.0.0.1',
      ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
    ],
    { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const url = `postgres://drover:not-so-secret@127.0.0.1:${port}/postgres`;
  const stop = async () => {
    await end(server);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await ready(server, url);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

/** An empty database on that server, for one test or file. */
export async function freshDatabase(server: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await execute(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => execute(server, `drop database ${name} with (force)`) };
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The newest that Debian's packages have installed. */
function findBinaries(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).map(Number).filter(Number.isFinite) : [];
  const bin = versions
    .sort((a, b) => b - a)
    .map((version) => join(root, String(version), 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')));
  if (bin) return bin;
  throw new Error(`These tests need PostgreSQL: nothing found under ${root}. On Debian: apt-get install postgresql`);
}

/** PostgreSQL refuses to run as root: then it is the package's own user. */
function serviceUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function ready(server: ChildProcess, url: string): Promise<void> {
  let said = '';
  server.stderr?.on('data', (bytes: Buffer) => (said = (said + bytes.toString()).slice(-4000)));
  await eventually(
    async () => {
      if (isOver(server)) return;
      await execute(url, 'select 1');
    },
    { within: 30_000 },
  );
  if (isOver(server)) throw new Error(`PostgreSQL did not start: ${said}`);
}

/** Fast shutdown: open connections are closed. */
async function end(server: ChildProcess): Promise<void> {
  if (isOver(server)) return;
  server.kill('SIGINT');
  await once(server, 'exit');
}

function isOver(server: ChildProcess): boolean {
  return server.exitCode !== null || server.signalCode !== null;
}
