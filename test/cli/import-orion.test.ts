import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Failure } from '../../cli/failure.ts';
import { Orion } from '../../cli/import/orion.ts';
import { readOrion } from '../../cli/import/read-orion.ts';
import { OrionServer } from './import-orion.ts';
import { orionRows } from './import-rows.ts';

let server: OrionServer;
beforeAll(async () => {
  server = await OrionServer.start(orionRows());
});
afterAll(() => server.close());

describe('a running orion', () => {
  it('is read whole, page by page, with its token', async () => {
    const { catalogue } = await readOrion(new Orion(`${server.url}/`, 'alice'));
    const rows = orionRows();
    for (const list of ['clusters', 'services', 'pools', 'actions', 'actimpls', 'remote_steps', 'templates'] as const)
      expect(catalogue[list], list).toHaveLength(rows[list].length);
    expect(catalogue.actions).toEqual(expect.arrayContaining(rows.actions));
    expect(catalogue.nodes_by_pool).toEqual(rows.nodes_by_pool);
    expect(server.asked.filter((path) => path.startsWith('/action/list'))).toEqual(
      [1, 2, 3].map((page) => `/action/list?page=${page}&page_size=100`),
    );
    expect([...server.authorizations]).toEqual(['alice']);
  });

  it('has its schedules told of: they are not taken over', async () => {
    const { warnings } = await readOrion(new Orion(server.url));
    expect(warnings).toEqual(['pool web: its schedule (/task/expandList/7, 1 item) is not taken over']);
  });

  it('may be one without a scheduler', async () => {
    const rows = orionRows();
    delete rows.schedules;
    const newest = await OrionServer.start(rows);
    expect((await readOrion(new Orion(newest.url))).warnings).toEqual([]);
    await newest.close();
  });
});

describe('what is no orion', () => {
  it.each([
    ['a page', 200, '<html><title>Welcome</title>\n</html>', 2, '200 "<html><title>Welcome</title> </html>"'],
    ['a refusal', 500, '{"code":500,"msg":"no database","data":{}}', 2, '500 no database'],
    ['a refusal with status 200', 200, '{"code":400,"msg":"param is error!","data":{}}', 2, 'param is error!'],
    ['no right to read', 401, '{"code":401,"msg":"who are you?","data":{}}', 5, '401 who are you?'],
    ['no list', 200, '{"code":0,"msg":"","data":{"id":1}}', 2, 'no list'],
    ['rows without ids', 200, '{"code":0,"msg":"","data":[{"name":"a"}]}', 2, 'a row without an id'],
    ['nothing', 200, '', 2, 'without a word'],
  ])('%s: the place and what came are told', async (_, status, body, exitCode, said) => {
    const other = createServer((__, response) => response.writeHead(status).end(body));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const failure = await readOrion(new Orion(url)).catch((error: unknown) => error as Failure);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ exitCode });
    expect((failure as Failure).message).toContain(`${url}/cluster/list?page=1&page_size=100 answered`);
    expect((failure as Failure).message).toContain(said);
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
  });

  it('nobody there', async () => {
    await expect(readOrion(new Orion('http://127.0.0.1:1'))).rejects.toMatchObject({ exitCode: 4 });
  });
});
