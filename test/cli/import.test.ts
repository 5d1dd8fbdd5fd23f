import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImportReport } from '../../cli/print/import-report.ts';
import { serveApi, type Served } from '../api/served.ts';
import { commandLine, type Ran } from './command-line.ts';
import { OrionServer } from './import-orion.ts';
import { orionRows } from './import-rows.ts';

let orion: OrionServer;
let api: Served;
let folder: string;
let drover: (...args: string[]) => Promise<Ran>;
beforeAll(async () => {
  orion = await OrionServer.start(orionRows());
  api = await serveApi();
  folder = await mkdtemp(join(tmpdir(), 'drover-import-'));
  drover = commandLine({ server: api.url, folder });
});
afterAll(async () => {
  await orion.close();
  await api.close();
  await rm(folder, { recursive: true });
});

const reportIn = ({ stdout }: Ran) => JSON.parse(stdout) as ImportReport;
const ROWS = { cluster: 2, service: 2, pool: 2, node: 2, action: 232, implementation: 232, step: 2, template: 2 };
const NONE = Object.fromEntries(Object.keys(ROWS).map((kind) => [kind, 0]));

describe('import opendcp', () => {
  it('tells what it would do, and does nothing when that is all', async () => {
    const { code, stdout, stderr } = await drover('import', 'opendcp', orion.url, '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^action +232 +0 +0$/m);
    expect(stderr).toContain('nothing is changed');
    expect((await drover('export')).stdout).toBe('');
  });

  it('takes over a running orion, with its ids; again there is nothing to do', async () => {
    const first = reportIn(await drover('import', 'opendcp', orion.url, '--token', 'alice', '--json'));
    expect(first).toMatchObject({ created: ROWS, updated: NONE, unchanged: NONE, renumbered: [] });
    expect(first.warnings.at(-1)).toBe('pool web: its schedule (/task/expandList/7, 1 item) is not taken over');
    expect([...orion.authorizations]).toContain('alice');
    const again = reportIn(await drover('import', 'opendcp', orion.url, '--json'));
    expect(again).toMatchObject({ created: NONE, updated: NONE, unchanged: ROWS });
    expect(JSON.parse((await drover('template', 'list', '--search', 'announce', '--json')).stdout)).toMatchObject({
      items: [{ id: 9, name: 'announce', stepNames: ['speak'] }],
    });
  });

  it('gives what can be run', async () => {
    const ran = await drover('run', 'announce', '--pool', 'web', '--dry-run');
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('announce on 2 nodes') as unknown });
    expect(ran.stdout).toMatch(/ speak [^]*\becho [^]*'2'\n[^]*script\[\/bin\/bash, 4 lines\]/);
  });

  it('gives documents that apply changes nothing by', async () => {
    await drover('export', 'exported');
    expect(JSON.parse((await drover('apply', 'exported', '--prune', '--json')).stdout)).toMatchObject({ changes: [] });
    const again = reportIn(await drover('import', 'opendcp', orion.url, '--json'));
    expect(again).toMatchObject({ created: NONE, updated: NONE, unchanged: ROWS });
  });

  it('takes the same lists from a file, and tells which ids were taken', async () => {
    const other = await serveApi();
    const there = commandLine({ server: other.url, folder });
    for (const name of ['first', 'second'])
      await fetch(`${other.url}/api/v1/clusters`, {
        ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name }) },
      });
    await writeFile(join(folder, 'catalogue.json'), JSON.stringify(orionRows()));
    const { code, stdout } = await there('import', 'opendcp', 'catalogue.json');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^cluster +2 +0 +0$/m);
    expect(stdout).toMatch(/^ {2}cluster shop: 2 is \d+ here$/m);
    await other.close();
  });

  it("takes over another Drover through OpenDCP's routes", async () => {
    const other = await serveApi();
    const there = commandLine({ server: other.url, folder });
    expect(reportIn(await there('import', 'opendcp', api.url, '--json'))).toMatchObject({
      created: ROWS,
      renumbered: [],
    });
    expect((await there('export')).stdout).toBe((await drover('export')).stdout);
    await other.close();
  });

  it.each([
    ['no.json', 2, 'does not exist'],
    ['broken.json', 2, 'broken.json:1: is no JSON'],
    ['other.json', 2, 'is no catalogue of OpenDCP'],
    ['http://127.0.0.1:1', 4, 'http://127.0.0.1:1/cluster/list?page=1&page_size=100 does not answer'],
  ])('%s is refused', async (source, exitCode, message) => {
    await writeFile(join(folder, 'broken.json'), '{');
    await writeFile(join(folder, 'other.json'), '{"a": 1}');
    const { code, stderr } = await drover('import', 'opendcp', source);
    expect(stderr).toContain(message);
    expect(code).toBe(exitCode);
  });

  it('knows no other source', async () => {
    expect(await drover('import', 'terraform', 'x')).toMatchObject({ code: 2 });
  });
});
