import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asking, seedCatalogue } from '../api/asking.ts';
import { seedTask, serveApi, type Served } from '../api/served.ts';
import { commandLine, type Ran } from './command-line.ts';

let api: Served;
let folder: string;
let drover: (...args: string[]) => Promise<Ran>;
beforeAll(async () => {
  api = await serveApi();
  await seedCatalogue(asking(() => api));
  folder = await mkdtemp(join(tmpdir(), 'drover-cli-'));
  drover = commandLine({ server: api.url, folder });
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true });
});

describe('drover node', () => {
  it('takes a node out of rotation and in again, and shows that', async () => {
    const drained = await drover('node', 'drain', 'web/web-1');
    expect(drained).toMatchObject({ code: 0, stdout: 'web-1 is drained: no task takes it\n' });
    const listed = await drover('node', 'list', '--status', 'drained');
    expect(listed.stdout).toMatch(
      /^ID +NODE +POOL +TYPE +STATUS +DRAINED BY +ADDRESS\n\d+ +web-1 +web +http +drained +http +192\.0\.2\.1\n$/,
    );
    const shown = await drover('node', 'show', 'web-1', '--json');
    expect(JSON.parse(shown.stdout)).toMatchObject({ name: 'web-1', status: 'drained', drainedBy: 'http' });
    const { id } = JSON.parse(shown.stdout) as { id: string };
    expect((await drover('node', 'undrain', id)).stdout).toBe('web-1 is in rotation\n');
    expect((await drover('node', 'show', id)).stdout).toMatch(/status +active\n/);
    expect((await drover('node', 'list', '--status', 'drained')).stdout).toBe('no nodes\n');
  });

  it('says what still has the node when the time is over, and ends with 6', async () => {
    const task = await seedTask(api, 'long', 1);
    await api.store.ledger.begin(1, [{ taskId: task.id, no: 0, step: 0, try: 1 }]);
    const { code, stderr } = await drover('node', 'drain', 'web-1', '--timeout', '0s');
    expect([code, stderr]).toEqual([6, expect.stringContaining('task long (step pull)')]);
  });

  it('keeps JSON with a node', async () => {
    expect((await drover('node', 'meta', 'web-2')).stdout).toBe('null\n');
    await drover('node', 'meta', 'web-2', '--set', '{"rack": "r1"}');
    expect(JSON.parse((await drover('node', 'meta', 'web-2')).stdout)).toEqual({ rack: 'r1' });
  });

  it('starts the task that restarts a node', async () => {
    const refused = await drover('node', 'restart', 'web-2');
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('templates: { restart: NAME }')]);
    const { catalogue } = api.store;
    const by = { name: 'test', role: 'admin', via: 'local', from: null } as const;
    await catalogue.change(by, async (edit) => {
      const [pool, roll] = [await edit.pools.named('web'), await edit.templates.named('roll')];
      await edit.pools.update(pool?.id ?? 0, { tasks: { restart: roll?.id ?? 0 } });
    });
    const { code, stdout } = await drover('node', 'restart', 'web-2', '--detach');
    expect([code, stdout.trim()]).toEqual([0, api.temporal.submitted.at(-1)?.name]);
  });

  it.each([
    ['a node that is not there', ['show', 'web/nobody'], 'there is no node web/nobody'],
    ['an id that is not there', ['drain', '999999'], 'there is no node with id 999999'],
    ['a time that is none', ['drain', 'web-1', '--timeout', 'soon'], '--timeout soon: expected a duration'],
    ['what is no JSON', ['meta', 'web-1', '--set', '{rack'], 'expected JSON'],
  ])('refuses %s', async (_, args, message) => {
    const { code, stderr } = await drover('node', ...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it('asks which of two pools’ nodes is meant', async () => {
    await asking(() => api)('POST', '/api/v1/apply', {
      documents: [
        { kind: 'pool', name: 'other', service: 'shop-web', nodes: [{ name: 'web-1', address: '192.0.2.9' }] },
      ],
    });
    const { code, stderr } = await drover('node', 'show', 'web-1');
    expect([code, stderr]).toEqual([2, expect.stringContaining('web/web-1, other/web-1')]);
    expect((await drover('node', 'show', 'other/web-1')).stdout).toContain('192.0.2.9');
  });
});
