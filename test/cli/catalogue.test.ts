import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { yamlText } from '../../cli/print/yaml.ts';
import type { Change } from '../../model/catalogue/document.ts';
import { LARGEST_INLINE } from '../../model/parse/index.ts';
import { seedTask, serveApi, type Served } from '../api/served.ts';
import { commandLine, type Ran } from './command-line.ts';
import { startFront } from './front.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/catalogue', import.meta.url));

let api: Served;
let folder: string;
let drover: (...args: string[]) => Promise<Ran>;
beforeAll(async () => {
  api = await serveApi();
  folder = await mkdtemp(join(tmpdir(), 'drover-apply-'));
  drover = commandLine({ server: api.url, folder });
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true });
});

async function write(name: string, text: string | Buffer): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), text);
}

const changesIn = ({ stdout }: Ran) => (JSON.parse(stdout) as { changes: Change[] }).changes;

describe('apply', () => {
  it('prints what it would do, and does nothing when that is all', async () => {
    const { code, stdout } = await drover('apply', EXAMPLE, '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toContain('+ cluster shop\n+ service shop-web\n+ action write_release\n');
    expect(stdout).toMatch(/\+ template rolling\n\+ pool web\n\n9 to create, 0 to change, 0 to delete\n$/);
    expect(JSON.parse((await drover('pool', 'list', '--json')).stdout)).toMatchObject({ items: [] });
  });

  it('makes it so; again it has nothing to do', async () => {
    expect(await drover('apply', EXAMPLE)).toMatchObject({ code: 0, stderr: 'applied\n' });
    expect(await drover('apply', EXAMPLE)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing to change') as unknown,
      stderr: '',
    });
    expect(JSON.parse((await drover('apply', EXAMPLE, '--json')).stdout)).toEqual({ changes: [], applied: false });
  });

  it('tells what differs, by its place', async () => {
    await write('next/rolling.yaml', (await readFile(join(EXAMPLE, 'rolling.yaml'), 'utf8')).replace('2m', '90s'));
    const ran = await drover('apply', 'next', '--json');
    expect(JSON.parse(ran.stdout)).toEqual({
      changes: [
        {
          ...{ kind: 'template', name: 'rolling', change: 'update' },
          fields: [{ path: 'steps[0].timeout', before: '2m', after: '90s' }],
        },
      ],
      applied: true,
    });
    expect((await drover('apply', EXAMPLE)).stdout).toContain(
      '~ template rolling\n    steps[0].timeout: "90s" → "2m"\n',
    );
  });

  it('deletes by --prune, only of kinds that the files have', async () => {
    await write('more/more.yaml', 'kind: cluster\nname: extra\n---\nkind: step\nname: nothing\nactions: []\n');
    await drover('apply', 'more');
    await write('fewer/clusters.yaml', 'kind: cluster\nname: shop\ndesc: The shop and what it stands on\n');
    expect((await drover('apply', 'fewer')).stdout).toContain('nothing to change');
    const { stdout } = await drover('apply', 'fewer', '--prune');
    expect(stdout).toBe('- cluster extra\n\n0 to create, 0 to change, 1 to delete\n');
    expect(JSON.parse((await drover('export', '--kind', 'step', '--json')).stdout)).toMatchObject({
      documents: [{ name: 'nothing' }, { name: 'release' }, { name: 'verify' }],
    });
  });

  it('refuses what other things use to be deleted, and changes nothing', async () => {
    await write('unused/clusters.yaml', 'kind: cluster\nname: other\n');
    const { code, stderr } = await drover('apply', 'unused', '--prune');
    expect(code).toBe(2);
    expect(stderr).toContain('cluster shop is used by service shop-web');
    expect((await drover('apply', EXAMPLE)).stdout).toContain('nothing to change');
  });

  it('tells all that is wrong in the files before it asks the server', async () => {
    await write('bad/a.yaml', 'kind: cluster\nname: a\nbix: x\n');
    await write('bad/b.yaml', 'kind: pool\nname: b\n');
    const { code, stderr, stdout } = await commandLine({ server: 'http://127.0.0.1:1', folder })('apply', 'bad');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^bad\/a\.yaml:3: bix: unknown key.*\nbad\/b\.yaml:1: service: is missing/);
  });

  it('refuses a reference to what is not there', async () => {
    await write('lost/a.yaml', 'kind: cluster\nname: a\n---\nkind: service\nname: s\ncluster: nowhere\n');
    const { code, stderr } = await drover('apply', 'lost');
    expect(code).toBe(2);
    expect(stderr).toContain('lost/a.yaml:4: cluster: there is no cluster named nowhere, expected one that is there');
    expect((await drover('export', '--kind', 'cluster')).stdout).not.toContain('name: a\n');
  });

  it('brings big files along', async () => {
    await write('big/payload', Buffer.alloc(LARGEST_INLINE + 1, 7));
    await write('big/a.yaml', 'kind: action\nname: put\ncopy: { src: payload, dest: /srv/payload }\n');
    expect(await drover('apply', 'big')).toMatchObject({ code: 0 });
    const { stdout } = await drover('export', '--kind', 'action');
    const [, sha256 = ''] = /sha256: ([0-9a-f]{64})/.exec(stdout) ?? [];
    expect((await fetch(`${api.url}/api/v1/files/${sha256}`, { method: 'HEAD' })).status).toBe(200);
  });

  it('applies nothing when the catalogue has changed since the difference was printed', async () => {
    await write('raced/a.yaml', 'kind: cluster\nname: raced\n');
    let applies = 0;
    const front = await startFront(api.url, {
      before: async ({ url }) => {
        if (url === '/api/v1/apply' && ++applies === 2) {
          await write('rival/a.yaml', 'kind: cluster\nname: raced\ndesc: the rival came first\n');
          await drover('apply', 'rival');
        }
      },
    });
    const { code, stderr } = await commandLine({ server: front.url, folder })('apply', 'raced');
    await front.close();
    expect(code).toBe(2);
    expect(stderr).toContain('changed meanwhile');
    expect((await drover('export', '--kind', 'cluster')).stdout).toContain('the rival came first');
  });
});

describe('export', () => {
  const nasty = [
    '1.10',
    'yes',
    '0644',
    '~',
    'a: b',
    '"quotes" \'and\' more',
    '  leading',
    'trailing  ',
    '#no',
    '中文 名',
    '😀',
  ];
  const script = '#!/bin/sh\n\tprintf "%s\\n" "a: b"  \n\n# 中文 😀\nexit 0';

  beforeAll(async () => {
    const documents = [
      ...nasty.map((name) => ({ kind: 'cluster', name, desc: name, biz: name })),
      { kind: 'service', name: 'svc', cluster: '~', desc: script, type: 'yes', image: 'x:1.10' },
      ...nasty.map((name, i) => ({
        ...{
          kind: 'action',
          name,
          desc: script,
          params: { tag: { default: name, description: name, raw: i % 2 === 0 } },
        },
        ...(i % 2 === 0 ? { script: { content: script, env: { A: name } } } : { shell: `${script}\n\n` }),
      })),
      { kind: 'action', name: 'unimplemented' },
      { kind: 'action', name: 'waits', wait: '90s' },
      { kind: 'step', name: 'all: of them', actions: nasty },
      {
        ...{ kind: 'template', name: '1.10 yes', description: script, params: { mode: { default: '0644' } } },
        steps: [
          {
            use: 'all: of them',
            params: { tag: '~', other: '{{mode}}' },
            retry: { times: 3, delay: '0s' },
            onError: 'ignore',
          },
          { name: 'again', use: 'all: of them', timeout: '1500ms' },
          {
            name: 'own',
            actions: [
              { copy: { dest: '/x', content: script, mode: '0644' } },
              { check: { http: 'http://x/', within: '5m' } },
              { docker: { run: { image: 'x:1.10', env: { V: '1.10' }, command: ['yes', '~'] } } },
            ],
          },
        ],
        rollout: { batch: ['20%', 3], bake: '1s' },
      },
      {
        ...{ kind: 'pool', name: 'pool: one', service: 'svc', templates: { deploy: '1.10 yes' } },
        ssh: { user: 'deploy', port: 2222 },
        nodes: [
          'web-01.example.net',
          { name: 'web-02', address: '192.0.2.12', labels: { zone: '0644', b: '~' }, params: { weight: '1.10' } },
        ],
      },
    ];
    await write('nasty/all.yaml', yamlText(documents));
    expect(await drover('apply', 'nasty')).toMatchObject({ code: 0 });
  });

  it('writes a file a kind; applying them changes nothing, and exporting again gives the same', async () => {
    const { code, stdout } = await drover('export', 'exported');
    expect(code).toBe(0);
    const files = ['actions.yaml', 'clusters.yaml', 'pools.yaml', 'services.yaml', 'steps.yaml', 'templates.yaml'];
    for (const file of files) expect(stdout).toContain(join('exported', file));
    expect((await readdir(join(folder, 'exported'))).sort()).toEqual(files);
    expect(changesIn(await drover('apply', 'exported', '--prune', '--dry-run', '--json'))).toEqual([]);
    expect(await drover('validate', ...files.map((file) => join('exported', file)))).toMatchObject({ code: 0 });
  });

  it('fills an empty catalogue with the same', async () => {
    const other = await serveApi();
    const there = commandLine({ server: other.url, folder });
    expect(await there('apply', 'exported')).toMatchObject({ code: 0 });
    expect((await there('export')).stdout).toBe((await drover('export')).stdout);
    await other.close();
  });

  it('leaves other files alone, and none of a kind that is no more', async () => {
    const other = await serveApi();
    const there = commandLine({ server: other.url, folder });
    await write('kept/README.md', 'mine');
    await write('kept/pools.yaml', 'old');
    await write('kept/steps.yaml', 'old');
    await write('kept/new.yaml', 'kind: cluster\nname: a\n');
    await there('apply', 'kept/new.yaml');
    expect((await there('export', 'kept', '--kind', 'cluster', '--kind', 'pool')).stdout).toBe(
      'kept/clusters.yaml: 1 document\nkept/pools.yaml: removed, there is nothing of its kind\n',
    );
    expect((await readdir(join(folder, 'kept'))).sort()).toEqual([
      'README.md',
      'clusters.yaml',
      'new.yaml',
      'steps.yaml',
    ]);
    await other.close();
  });

  it('goes to stdout without a folder, and refuses a kind that there is not', async () => {
    expect((await drover('export', '--kind', 'clusters')).stdout).toMatch(
      /^kind: cluster\nname: "?[^]*\n---\nkind: cluster\n/,
    );
    expect(await drover('export', '--kind', 'clutter')).toMatchObject({ code: 2 });
  });
});

describe('pools', () => {
  it('get nodes, show them, and lose them', async () => {
    await write(
      'nodes.yaml',
      'defaults: { user: deploy }\nnodes: [web-01.example.net, { name: web-02, address: 192.0.2.2 }]\n',
    );
    expect(await drover('pool', 'add', 'web', '--nodes', 'nodes.yaml')).toMatchObject({
      code: 0,
      stdout: '2 nodes added to web\n',
    });
    expect((await drover('pool', 'add', 'web', '--nodes', 'web-02')).code).toBe(2);
    expect(JSON.parse((await drover('pool', 'show', 'web', '--json')).stdout)).toMatchObject({
      ...{ name: 'web', service: 'shop-web', provider: null, count: 2, queue: [], unreleased: [] },
      nodes: [{ name: 'web-01.example.net' }, { name: 'web-02', address: '192.0.2.2', status: 'new', drained: false }],
    });
    expect((await drover('pool', 'show', 'web')).stdout).toMatch(/^web-02 +192\.0\.2\.2 +new /m);
    expect((await drover('pool', 'list', '--search', 'customers')).stdout).toMatch(/^web +shop-web +2 +The web/m);
    expect((await drover('pool', 'list', '--service', 'svc')).stdout).not.toMatch(/^web /m);
    expect((await drover('pool', 'remove', 'web', '--nodes', 'web-01.example.net, web-02')).code).toBe(0);
    expect((await drover('pool', 'show', 'web')).stdout).toContain('0 nodes');
    expect(await drover('pool', 'remove', 'web', '--nodes', 'web-01.example.net')).toMatchObject({ code: 2 });
    expect(await drover('pool', 'show', 'nope')).toMatchObject({ code: 2 });
  });

  it('keep their nodes when a document without nodes is applied', async () => {
    await drover('pool', 'add', 'web', '--nodes', 'kept-01');
    expect((await drover('apply', EXAMPLE)).stdout).toContain('nothing to change');
    expect((await drover('pool', 'show', 'web')).stdout).toContain('kept-01');
  });
});

describe('templates', () => {
  it('are listed, shown as a file has them, and kept in every version', async () => {
    expect((await drover('template', 'list', '--search', 'every node')).stdout).toMatch(/^rolling +\d+ /m);
    expect((await drover('template', 'list', '--step', 'release', '--json')).stdout).toContain('"rolling"');
    const versions = JSON.parse((await drover('template', 'versions', 'rolling', '--json')).stdout) as {
      items: { version: number }[];
    };
    expect(versions.items.map(({ version }) => version).sort()).toEqual([1, 2, 3]);
    expect((await drover('template', 'versions', 'rolling')).stdout).toMatch(/^2 +20/m);
    expect((await drover('template', 'show', 'rolling@2')).stdout).toMatch(/^# version 2, [^]*timeout: 90s/);
    await write('shown/rolling.yaml', (await drover('template', 'show', 'rolling')).stdout);
    expect((await drover('apply', 'shown')).stdout).toContain('nothing to change');
    expect(await drover('template', 'show', 'nope')).toMatchObject({ code: 2 });
  });
});

describe('run', () => {
  beforeAll(() => drover('pool', 'add', 'web', '--nodes', 'run-01,run-02'));
  const submitted = () => api.temporal.submitted;

  it('plans a template of the catalogue on a pool', async () => {
    const before = submitted().length;
    const { code, stdout } = await drover('run', 'rolling', '--pool', 'web', '--param', 'tag=1; x', '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toContain('rolling on 3 nodes');
    expect(stdout).toContain('1: 1 node: kept-01');
    expect(stdout).toContain("mkdir -p '/var/tmp/shop'/releases/'1; x'");
    expect(stdout).toContain('up to 2 tries');
    expect(submitted().length).toBe(before);
  });

  it.each([
    ['by name', ['rolling', '--pool', 'web'], { templateName: 'rolling', pool: 'web' }],
    ['as it was', ['rolling@1', '--pool', 'web'], { templateName: 'rolling@1' }],
    [
      'on some nodes of the pool',
      ['rolling', '--pool', 'web', '--nodes', 'run-02'],
      { pool: 'web', nodes: ['run-02'] },
    ],
    ['on other nodes', ['rolling', '--nodes', 'a,b'], { nodes: [{ name: 'a' }, { name: 'b' }] }],
  ])('starts a template of the catalogue %s', async (name, args, expected) => {
    const ran = await drover('run', ...args, '--param', 'tag=1', '--name', name.replaceAll(' ', '-'), '--detach');
    expect(ran).toMatchObject({ code: 0 });
    expect(submitted().at(-1)).toMatchObject({ ...expected, params: { tag: '1' } });
  });

  it('starts a template file that takes steps of the catalogue', async () => {
    await write('uses.yaml', 'name: uses\nsteps:\n  - use: release\n    params: { version: "3" }\n');
    expect((await drover('run', 'uses.yaml', '--nodes', 'a', '--dry-run')).stdout).toContain("releases/'3'");
    expect(await drover('run', 'uses.yaml', '--nodes', 'a', '--name', 'uses', '--detach')).toMatchObject({ code: 0 });
    expect(submitted().at(-1)).toMatchObject({ template: { steps: [{ use: 'release' }] } });
  });

  it.each([
    [['nope', '--pool', 'web'], 'there is no template nope'],
    [['rolling@99', '--pool', 'web', '--param', 'tag=1'], 'no version 99'],
    [['rolling', '--pool', 'nope', '--param', 'tag=1'], 'there is no pool nope'],
    [['rolling', '--pool', 'web', '--nodes', 'nope', '--param', 'tag=1'], 'nope'],
    [['rolling', '--pool', 'web'], 'tag'],
    [['rolling', '--pool', 'web', '--param', 'tag=1', '--param', 'tog=1'], 'params.tog'],
    [['./rolling', '--pool', 'web'], 'does not exist'],
    [['rolling'], '--pool'],
  ])('%j is refused, by a dry run too', async (args, message) => {
    const ran = await Promise.all([drover('run', ...args), drover('run', ...args, '--dry-run')]);
    for (const { code, stderr } of ran) {
      expect(stderr).toContain(message);
      expect(code).toBe(2);
    }
  });

  it('starts a task once, though the connection breaks before the answer comes', async () => {
    let breaks = 1;
    const front = await startFront(api.url, {
      after: ({ url }) => (url === '/api/v1/tasks' && breaks-- > 0 ? 'break' : 'answer'),
    });
    const before = submitted().length;
    const args = ['run', 'rolling', '--pool', 'web', '--param', 'tag=1', '--name', 'once', '--detach'];
    const { code, stderr, stdout } = await commandLine({ server: front.url, folder })(...args);
    await front.close();
    expect([code, stdout]).toEqual([0, 'once\n']);
    expect(stderr).toContain('asking again');
    expect(submitted().length).toBe(before + 1);
  });

  it('says so when nobody can know whether a task was started', async () => {
    const front = await startFront(api.url, { after: () => 'break' });
    const args = ['run', 'rolling', '--pool', 'web', '--param', 'tag=1', '--name', 'doubtful', '--detach'];
    const { code, stderr } = await commandLine({ server: front.url, folder })(...args);
    await front.close();
    expect(code).toBe(4);
    expect(stderr).toContain('whether doubtful is started is not known: drover show doubtful');
  });

  it('gives its tasks to be searched and sorted', async () => {
    for (const name of ['sorted-b', 'sorted-a', 'other-c']) await seedTask(api, name);
    const names = async (...args: string[]) =>
      (JSON.parse((await drover('tasks', '--json', ...args)).stdout) as { items: { name: string }[] }).items.map(
        ({ name }) => name,
      );
    expect(await names('--search', 'sorted-')).toEqual(['sorted-a', 'sorted-b']);
    expect(await names('--search', 'sorted-', '--sort', '-name')).toEqual(['sorted-b', 'sorted-a']);
    expect(await drover('tasks', '--sort', 'size')).toMatchObject({ code: 2 });
  });
});
