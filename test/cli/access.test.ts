import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { freePort } from '../../embedded/port.ts';
import { freshDatabase } from '../support/postgres.ts';

const DROVER = fileURLToPath(new URL('../../bin/drover', import.meta.url));
const ADMIN_TOKEN = 'an-admin-token-of-the-environment';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let port: number;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  const { temporal, postgresUrl } = inject('shared');
  database = await freshDatabase(postgresUrl);
  port = await freePort();
  env = {
    ...process.env,
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporal.address,
    DROVER_TASK_QUEUE: `access-${port}`,
    DROVER_SERVER: `http://127.0.0.1:${port}`,
    DROVER_LOG_LEVEL: 'trace',
    NO_COLOR: '1',
  };
});

afterAll(() => database.drop());

interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

function start(args: string[], more: NodeJS.ProcessEnv = {}): { child: ChildProcess; ran: Ran; ended: Promise<Ran> } {
  const child = spawn(process.execPath, [DROVER, ...args], {
    env: { ...env, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ran: Ran = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ran.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ran.stderr += text));
  const ended = once(child, 'close').then(([code]) => ({ ...ran, code: code as number | null }));
  return { child, ran, ended };
}

const drover = (token: string, ...args: string[]) => start(args, { DROVER_TOKEN: token }).ended;

/** A server that says that it serves; what it wrote until `work` was done and it had ended. */
async function whileServing(listen: string, more: NodeJS.ProcessEnv, work: () => Promise<void>): Promise<string> {
  const { child, ran, ended } = start(['server', '--listen', listen], more);
  try {
    const serves = once(child.stdout ?? child, 'data');
    await Promise.race([serves, ended.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
    await work();
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
  return ran.stdout + ran.stderr;
}

describe('drover server refuses to start', () => {
  const refused = async (listen: string, more: NodeJS.ProcessEnv) => start(['server', '--listen', listen], more).ended;

  it.each(['0.0.0.0', '[::]'])('at %s, which others reach, without a token', async (host) => {
    const { code, stderr, stdout } = await refused(`${host}:${port}`, {});
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('drover token create NAME --role admin');
    expect(stderr).toContain('DROVER_ADMIN_TOKEN');
  });

  it.each([
    [{ DROVER_ADMIN_TOKEN: 'too-short' }, 'DROVER_ADMIN_TOKEN has 9 characters'],
    [{ DROVER_TRUSTED_ADDRESSES: '192.0.2.7,web-front' }, 'DROVER_TRUSTED_ADDRESSES: "web-front" is no address'],
  ])('with %j', async (more, message) => {
    const { code, stderr } = await refused(`127.0.0.1:${port}`, more);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('the command line', () => {
  it('makes, lists and revokes tokens, and reads the audit; ends with 5 where it may not', async () => {
    await whileServing(`0.0.0.0:${port}`, { DROVER_ADMIN_TOKEN: ADMIN_TOKEN }, async () => {
      expect(await drover('', 'tasks')).toMatchObject({
        code: 5,
        stderr: expect.stringContaining('DROVER_TOKEN') as string,
      });
      const made = await drover(ADMIN_TOKEN, 'token', 'create', 'ci', '--role', 'viewer');
      expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^drv_[\w-]{43}\n$/) as string });
      const secret = made.stdout.trim();
      expect((await drover(secret, 'tasks')).code).toBe(0);
      expect(await drover(secret, 'pause', 'web-1')).toMatchObject({
        code: 5,
        stderr: 'ci is a viewer, and this needs an operator\n',
      });
      expect((await drover(ADMIN_TOKEN, 'token', 'list')).stdout).toMatch(/^ci +viewer .* by DROVER_ADMIN_TOKEN/m);
      expect((await drover(ADMIN_TOKEN, 'token', 'revoke', 'ci')).code).toBe(0);
      expect((await drover(secret, 'tasks')).code).toBe(5);
      const list = await drover(ADMIN_TOKEN, 'token', 'list', '--revoked', '--json');
      expect(JSON.parse(list.stdout)).toMatchObject({
        items: [{ name: 'ci', revokedAt: expect.any(String) as string }],
      });
      const audit = await drover(ADMIN_TOKEN, 'audit', '--since', '1h', '--kind', 'token');
      expect(audit.stdout).toMatch(
        /^TIME +WHO +ACTION +WHAT +OUTCOME\n.* DROVER_ADMIN_TOKEN \(token, from 127\.0\.0\.1\) +token\.revoke +token ci +ok\n.* token\.create /,
      );
      expect(await drover(ADMIN_TOKEN, 'audit', '--since', 'lately')).toMatchObject({ code: 2 });
      expect((await drover(ADMIN_TOKEN, 'token', 'create', 'x', '--role', 'boss')).code).toBe(2);
    });
  });
});

describe('a secret', () => {
  it('is in no log and no table, whatever is asked with it', async () => {
    const secrets = [ADMIN_TOKEN, `drv_${'never-was'.padEnd(43, 'x')}`];
    const log = await whileServing(
      `0.0.0.0:${port}`,
      { DROVER_ADMIN_TOKEN: ADMIN_TOKEN, DROVER_TRUSTED_ADDRESSES: '127.0.0.1' },
      async () => {
        for (const role of ['viewer', 'operator', 'admin'])
          secrets.push((await drover(ADMIN_TOKEN, 'token', 'create', `all-${role}`, '--role', role)).stdout.trim());
        await askAll(secrets);
        await withoutTable('tasks', async () => expect(await askAll(secrets)).toContain(500));
        await withoutTable('tokens', async () => expect(await askAll(secrets)).toContain(500));
      },
    );
    expect(log).toContain('a request failed');
    const tables = await everyRow();
    expect(tables).toContain('all-operator');
    for (const secret of secrets) {
      expect(log).not.toContain(secret);
      expect(tables).not.toContain(secret);
    }
  });

  /** Requests of all kinds, with each secret in each way to give it; the statuses that came. */
  async function askAll(secrets: string[]): Promise<Set<number>> {
    const statuses = new Set<number>();
    const task = { template: { name: 'web', steps: [{ name: 'a', actions: [{ shell: 'true' }] }] }, nodes: ['a'] };
    const requests: [string, string, unknown?][] = [
      ['GET', '/api/v1/tasks'],
      ['GET', '/api/v1/audit'],
      ['GET', '/metrics'],
      ['GET', '/nothing'],
      ['POST', '/api/v1/tasks/nope/pause'],
      ['POST', '/api/v1/tasks', { ...task, name: 'web-1' }],
      ['POST', '/api/v1/tasks', { nonsense: true }],
      ['DELETE', '/api/v1/tokens/nope'],
    ];
    for (const authorization of secrets.flatMap((secret) => [secret, `Bearer ${secret}`, `Basic ${secret}`]))
      for (const [method, path, body] of requests) {
        const headers = {
          authorization,
          'idempotency-key': 'once',
          ...(body !== undefined && { 'content-type': 'application/json' }),
        };
        const content = body === undefined ? {} : { body: JSON.stringify(body) };
        const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...content });
        statuses.add(answer.status);
        const text = await answer.text();
        for (const secret of secrets) expect(text).not.toContain(secret);
      }
    return statuses;
  }
});

async function query(text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** A server whose database is broken, for a while. */
async function withoutTable(name: string, work: () => Promise<void>): Promise<void> {
  await query(`alter table ${name} rename to ${name}_away`);
  try {
    await work();
  } finally {
    await query(`alter table ${name}_away rename to ${name}`);
  }
}

/** All that the database has, as text. */
async function everyRow(): Promise<string> {
  const tables = await query(`select table_name as name from information_schema.tables where table_schema = 'public'`);
  const rows = await Promise.all(tables.map(({ name }) => query(`select t::text as text from "${String(name)}" t`)));
  return rows
    .flat()
    .map(({ text }) => String(text))
    .join('\n');
}
