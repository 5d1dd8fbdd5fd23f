import { afterAll, beforeAll, expect, it } from 'vitest';
import { OPENDCP_ROUTES } from '../../../api/opendcp/routes.ts';
import { random } from '../../model/random.ts';
import { serveOpendcp, type OpendcpServer } from './serving.ts';

let server: OpendcpServer;
beforeAll(async () => {
  server = await serveOpendcp();
});
afterAll(() => server.close());

const { below, pick } = random(20_261_121);

const KEYS = [
  ...['name', 'desc', 'biz', 'service_type', 'docker_image', 'cluster_id', 'service_id', 'vm_type', 'sd_id', 'tasks'],
  ...['nodes', 'params', 'actions', 'action_id', 'type', 'template', 'steps', 'param_values', 'retry', 'retry_times'],
  ...[
    'ignore_error',
    'id',
    'template_id',
    'task_name',
    'max_ratio',
    'max_num',
    'ip',
    'num',
    'tag',
    'pool_id',
    '__proto__',
  ],
];
const SCALARS = [
  ...[
    '""',
    '"echo"',
    '"192.0.2.21"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"😀"',
    '"{{x}} {{{y}}}"',
    '"secret:X"',
    `"${'长'.repeat(300)}"`,
  ],
  ...['0', '1', '-1', '2', '7', '50', '1.0', '1e3', '1e400', '9007199254740993', '2147483648', 'null', 'true', 'false'],
];
const IDS = ['1', '2', '6', '999', '0', 'abc', '%00', '%E4%BD%A0', '9'.repeat(30), "1'", '-1', '1%2F2'];

function value(depth: number): string {
  const kind = depth > 3 ? 0 : below(4);
  if (kind === 0 || kind === 1) return pick(SCALARS);
  const size = below(4);
  if (kind === 2) return `[${Array.from({ length: size }, () => value(depth + 1)).join(',')}]`;
  return object(depth);
}

function object(depth = 0): string {
  const entries = Array.from({ length: below(7) }, () => `"${pick(KEYS)}":${value(depth + 1)}`);
  return `{${entries.join(',')}}`;
}

function body(): string {
  const text = below(10) === 0 ? value(0) : object();
  return below(20) === 0 ? text.slice(0, below(text.length + 1)) : text;
}

it('answers whatever comes in the envelope, and never with a failure of its own', async () => {
  for (let round = 0; round < 25; round++)
    for (const { path } of OPENDCP_ROUTES) {
      const url = `${path.replace(/:\w+/, () => pick(IDS)).replace('*', () => pick(IDS))}?page=${pick(IDS)}&name=${pick(IDS)}`;
      const sent = body();
      const { status, body: answered } = await server.ask(url, { method: pick(['GET', 'POST', 'DELETE']), body: sent });
      expect({ url, sent, status, expected: [200, 400, 404].includes(status) }).toMatchObject({ expected: true });
      expect({ url, sent, code: answered.code }).toEqual({ url, sent, code: status === 200 ? 0 : status });
    }
});
