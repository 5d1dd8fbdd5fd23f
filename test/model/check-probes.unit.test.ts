import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckAction } from '../../model/template.ts';
import { command } from './rendering.ts';

/** Without blocking this process, whose server is being asked. */
function run(script: string): Promise<{ code: number | null; err: string }> {
  return new Promise((resolve) => {
    const child = spawn('sh', [], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let err = '';
    child.stderr.on('data', (bytes: Buffer) => (err += bytes.toString()));
    child.on('close', (code) => resolve({ code, err }));
    child.stdin.end(script);
  });
}

describe('a check on the node, against a real server', () => {
  let server: Server;
  let port = 0;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const status = Number(request.url?.slice(1));
      response.writeHead(status, status === 302 ? { location: '/200' } : {}).end('body');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => server.close());

  const check = (probe: Partial<CheckAction>) =>
    command({ check: { from: 'node', within: 100, interval: 50, ...probe } }).script;
  const url = (status: number) => `http://127.0.0.1:${port}/${status}`;

  /** As if curl were not installed. */
  const without = (script: string) => `command() { [ "$2" != curl ] && type "$2"; }\n${script}`;

  it.each(['curl', 'wget'])('by %s takes any 2xx, or the status wanted, and follows nothing', async (tool) => {
    const ask = (probe: Partial<CheckAction>) => run(tool === 'curl' ? check(probe) : without(check(probe)));
    expect(await ask({ http: url(200) })).toEqual({ code: 0, err: '' });
    expect(await ask({ http: url(204) })).toEqual({ code: 0, err: '' });
    expect(await ask({ http: url(404), status: 404 })).toEqual({ code: 0, err: '' });
    expect((await ask({ http: url(302) })).err).toContain(`${url(302)} answered 302`);
    expect((await ask({ http: url(503) })).err).toContain(`${url(503)} answered 503`);
    expect((await ask({ http: url(200), status: 204 })).code).toBe(1);
    expect((await ask({ http: 'http://127.0.0.1:1/' })).err).toMatch(/last probe said: .*(refused|connect)/is);
  });

  it('by tcp connects', async () => {
    expect(await run(check({ tcp: `127.0.0.1:${port}` }))).toEqual({ code: 0, err: '' });
    expect((await run(check({ tcp: '127.0.0.1:1' }))).err).toMatch(/last probe said: .*refused/is);
  });
});
