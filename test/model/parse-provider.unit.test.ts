import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { httpCloudSpec } from '../../demo/clouds/http-cloud.ts';
import { provider } from '../../model/parse/provider.ts';
import { validate, withoutUndefined } from '../../model/parse/validate.ts';
import type { ProviderSpec } from '../../model/pool/provider.ts';
import { problems } from './parsing.ts';

const parse = (value: unknown): ProviderSpec => validate(provider, withoutUndefined(value));

const SUANLI = { endpoint: 'https://openapi.suanli.cn', taskId: 388, token: 'secret:SUANLI' };
const HTTP = httpCloudSpec('https://cloud.example.net/api');

describe('a provider', () => {
  it.each<[string, unknown, ProviderSpec]>([
    [
      'ssh',
      { ssh: { spares: ['192.0.2.51', { name: 's2', address: '192.0.2.52', port: 2222 }], within: '5m' } },
      {
        ssh: {
          spares: [
            { name: '192.0.2.51', address: '192.0.2.51' },
            { name: 's2', address: '192.0.2.52', port: 2222 },
          ],
          within: 300_000,
        },
      },
    ],
    [
      'suanli',
      { suanli: { ...SUANLI, privateKey: 'secret:KEY', version: '1.0.0', points: 2, timeout: '10s' } },
      { suanli: { ...SUANLI, privateKey: 'secret:KEY', version: '1.0.0', points: 2, timeout: 10_000 } },
    ],
    [
      'jupiter',
      {
        jupiter: {
          endpoint: 'http://jupiter.example.net:8081',
          cluster: 3,
          discovery: { endpoint: 'http://hubble.example.net', id: 1, appkey: 'secret:APPKEY' },
          poll: '5s',
        },
      },
      {
        jupiter: {
          endpoint: 'http://jupiter.example.net:8081',
          cluster: 3,
          discovery: { endpoint: 'http://hubble.example.net', id: 1, appkey: 'secret:APPKEY' },
          poll: 5000,
        },
      },
    ],
    [
      'croupier',
      { croupier: { endpoint: 'http://c', address: 'net.ip' } },
      { croupier: { endpoint: 'http://c', address: 'net.ip' } },
    ],
    [
      'top',
      { top: { endpoint: 'http://t', accesskey: 'secret:AK', nodeId: [610474, 610475], method: 'SEQUENTIAL' } },
      { top: { endpoint: 'http://t', accesskey: 'secret:AK', nodeId: [610474, 610475], method: 'SEQUENTIAL' } },
    ],
    [
      'everai',
      { everai: { endpoint: 'https://everai.expvent.com', app: 'web', token: 'plain', requestsPerSecond: 2.5 } },
      { everai: { endpoint: 'https://everai.expvent.com', app: 'web', token: 'plain', requestsPerSecond: 2.5 } },
    ],
    ['http', { http: { ...HTTP, within: '20m' } }, { http: { ...HTTP, within: 1_200_000 } }],
  ])('%s is read, and its own output again', (_, written, spec) => {
    expect(parse(written)).toEqual(spec);
    expect(parse(parse(written))).toEqual(spec);
  });

  it.each<[string, unknown, string[]]>([
    ['nothing', {}, ['says nothing of what to do, expected exactly one of ssh, suanli']],
    ['two', { suanli: SUANLI, ssh: { spares: [] } }, ['has ssh and suanli, expected exactly one of']],
    ['an unknown one', { suanly: SUANLI }, ['suanly: unknown key, expected "suanli"', 'says nothing']],
    ['a list', [], ['is a list, expected an object', 'says nothing of what to do']],
    [
      'keys that are missing or unknown',
      { suanli: { endpoint: SUANLI.endpoint, tokn: 'x' } },
      [
        'suanli.taskId: is missing, expected a whole number from 1',
        'suanli.token: is missing',
        'suanli.tokn: unknown key, expected "token"',
      ],
    ],
    [
      'an address without a scheme',
      { suanli: { ...SUANLI, endpoint: 'openapi.suanli.cn' } },
      ['suanli.endpoint: is "openapi'],
    ],
    ['a password in the address', { suanli: { ...SUANLI, endpoint: 'https://u:p@x' } }, ['suanli.endpoint: is']],
    ['a query in the address', { suanli: { ...SUANLI, endpoint: 'https://x?a=1' } }, ['suanli.endpoint: is']],
    [
      'a duration of nothing',
      { suanli: { ...SUANLI, timeout: '0s' } },
      ['suanli.timeout: is "0s", expected a duration'],
    ],
    ['a rate of nothing', { suanli: { ...SUANLI, requestsPerSecond: 0 } }, ['suanli.requestsPerSecond: is 0']],
    ['a secret without a name', { suanli: { ...SUANLI, token: 'secret:' } }, ['suanli.token: names no secret']],
    ['an empty token', { suanli: { ...SUANLI, token: '' } }, ['suanli.token: is empty, expected secret:NAME']],
    ['a negative number', { suanli: { ...SUANLI, points: -1 } }, ['suanli.points: is -1']],
    [
      'a path that is none',
      { croupier: { endpoint: 'http://c', address: 'net..ip' } },
      ['croupier.address: is "net..ip"'],
    ],
    ['another method', { top: { endpoint: 'http://t', accesskey: 'x', method: 'BOTH' } }, ['top.method: is "BOTH"']],
    [
      'no nodes',
      { top: { endpoint: 'http://t', accesskey: 'x', nodeId: [] } },
      ['top.nodeId: is empty, expected the id'],
    ],
    ['a word for a node', { top: { endpoint: 'http://t', accesskey: 'x', nodeId: 'a' } }, ['top.nodeId[0]: is "a"']],
    [
      'the same spare twice',
      { ssh: { spares: ['192.0.2.1', '192.0.2.1'] } },
      ['ssh.spares[1]: "192.0.2.1" is the name of number 1'],
    ],
  ])('is refused with %s', (_, written, expected) => {
    expect(problems(() => parse(written))).toEqual(expected.map((line) => expect.stringContaining(line) as string));
  });
});

describe('an API that is described', () => {
  const refused = (change: object) => problems(() => parse({ http: { ...HTTP, ...change } }));

  it.each<[string, object, string]>([
    [
      'a placeholder of another request',
      { create: { ...HTTP.create, path: '/v1/{{id}}' } },
      'http.create.path: {{id}} has no value here',
    ],
    [
      'a misspelt placeholder',
      { create: { ...HTTP.create, body: { n: '{{cout}}' } } },
      '{{cout}} has no value here, expected "count"',
    ],
    [
      'a placeholder in a list',
      { list: { ...HTTP.list, path: '/v1?id={{id}}' } },
      'http.list.path: {{id}} has no value here, expected none at all',
    ],
    ['a secret of no name', { headers: { A: '{{secret:}}' } }, 'http.headers.A: {{secret:}} names no secret'],
    [
      'a secret without braces',
      { headers: { A: 'secret:T' } },
      'http.headers.A: is text, and no secret, as it stands, expected {{secret:T}}',
    ],
    ['a machine in a header of all', { headers: { A: '{{id}}' } }, 'http.headers.A: {{id}} has no value here'],
    [
      'no machine in a release',
      { release: { path: '/v1/machines' } },
      'http.release: does not say which machines to release',
    ],
    [
      'one and all in a release',
      { release: { path: '/v1/{{id}}/{{ids}}' } },
      'http.release: is for one machine and for all of them',
    ],
    ['no machine in a drain', { drain: { path: '/v1/drain' } }, 'http.drain: does not say which machines to drain'],
    [
      'keyed without a key',
      { create: { path: '/v1', ids: 'ids', keyed: true } },
      'http.create.keyed: is told by a key, and the request has none',
    ],
    ['a body in a GET', { list: { ...HTTP.list, body: {} } }, 'http.list.body: is of a GET, which has no body'],
    ['no path', { release: {} }, 'http.release.path: is missing'],
    ['a path that is relative', { release: { path: 'v1/{{id}}' } }, 'http.release.path: is "v1/{{id}}"'],
    ['a path to another host', { release: { path: '//evil/{{id}}' } }, 'http.release.path: is "//evil/{{id}}"'],
    [
      'no word for running',
      { list: { ...HTTP.list, running: [] } },
      'http.list.running: is empty, expected a list of statuses',
    ],
    [
      'a path expression that is none',
      { list: { ...HTTP.list, items: 'data[' } },
      'http.list.items: is "data[", expected a path as',
    ],
    ['a header that is none', { headers: { 'a b': 'x' } }, 'http.headers["a b"]: is no name to use here'],
    ['a status that is none', { release: { path: '/{{id}}', okStatus: [42] } }, 'http.release.okStatus[0]: is 42'],
    [
      'repeatable for a creation',
      { create: { ...HTTP.create, repeatable: true } },
      'http.create.repeatable: unknown key',
    ],
    ['an unknown action', { drian: HTTP.drain }, 'http.drian: unknown key, expected "drain"'],
  ])('is refused with %s', (_, change, expected) => {
    expect(refused(change)).toEqual([expect.stringContaining(expected)]);
  });

  it('may have its texts as numbers and truth values', () => {
    const list = { ...HTTP.list, running: [1], gone: [true] };
    expect(parse({ http: { ...HTTP, list } })).toMatchObject({ http: { list: { running: ['1'], gone: ['true'] } } });
  });
});

it('is as the documentation writes it', () => {
  const text = readFileSync(new URL('../../docs/providers.md', import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```yaml\n([^]*?)^```/gm)].map(
    ([, yaml = '']) => parseYaml(yaml) as { provider?: unknown },
  );
  const providers = blocks.flatMap((block) => (block.provider === undefined ? [] : [block.provider]));
  expect(providers.length).toBeGreaterThan(3);
  for (const written of providers) expect(problems(() => parse(written))).toEqual([]);
});
