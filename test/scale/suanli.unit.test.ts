import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Cloud } from '../../demo/clouds/cloud.ts';
import { suanliCloud, type SuanliOptions, suanliRefusal } from '../../demo/clouds/suanli.ts';
import type { SuanliSpec } from '../../model/pool/provider.ts';
import { openProvider } from '../../scale/open.ts';
import { type Counter, Refused } from '../../scale/provider.ts';
import { calling, giving, rejection } from './asking.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const SECRETS = {
  SUANLI: 'suanli-token',
  KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  OTHER_KEY: generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs1', format: 'pem' })
    .toString(),
  EC_KEY: generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'sec1', format: 'pem' })
    .toString(),
};

let cloud: Cloud;
let points: Map<number, number>;

afterEach(() => cloud.close());

async function opened(spec: Partial<SuanliSpec> = {}, options: SuanliOptions = {}): Promise<Counter> {
  ({ cloud, points } = await suanliCloud(options));
  const { endpoint } = cloud;
  const suanli = { endpoint, taskId: 388, token: 'secret:SUANLI', requestsPerSecond: 1000, ...spec };
  const made = await openProvider({ suanli }, giving(SECRETS));
  if (made.how !== 'counts') throw new Error('suanli counts');
  return made;
}

describe('in simple mode', () => {
  it('sets the number of points, as in the document', async () => {
    const provider = await opened();
    await provider.resize(8, calling());
    expect(points.get(388)).toBe(8);
    expect(cloud.last('resize')).toMatchObject({
      method: 'POST',
      path: '/api/deployment/task/change_points',
      text: '{"task_id":388,"points":8}',
      headers: {
        token: 'suanli-token',
        timestamp: expect.stringMatching(/^\d{13}$/) as string,
        version: '1.0.0',
        sign_str: '',
        'content-type': 'application/json',
      },
    });
  });

  it('is refused for any code but "0000", though the status is 200', async () => {
    const provider = await opened({ taskId: 7 });
    expect(await rejection(provider.resize(8, calling()))).toEqual(
      new Refused('suanli: POST /api/deployment/task/change_points: code 2001: 任务不存在'),
    );
    cloud.trouble('resize', { does: 'refuse', answer: suanliRefusal('9999', 'for suanli-token') });
    expect(String(await rejection(provider.resize(8, calling())))).toMatch(/code 9999: for \*\*\*$/);
  });

  it.each([
    ['token', { token: 'wrong' }, 'code 1001'],
    ['version', { version: '0.0.1' }, 'code 1002'],
  ])('is refused for a wrong %s', async (_, spec, code) => {
    const provider = await opened(spec);
    expect(String(await rejection(provider.resize(8, calling())))).toContain(code);
    expect(points.get(388)).toBe(1);
  });

  it('repeats what nobody knows the outcome of, because the number is set and not added', async () => {
    const provider = await opened();
    cloud.trouble('resize', { does: 'lose-reply' });
    cloud.trouble('resize', { does: 'fail-before' });
    cloud.trouble('resize', { does: 'garble' });
    await provider.resize(3, calling());
    expect(points.get(388)).toBe(3);
    expect(cloud.count('resize')).toBe(4);
  });

  it('repeats it, too, after a reply without a code', async () => {
    const provider = await opened();
    cloud.trouble('resize', { does: 'refuse', answer: { body: {} } });
    const call = calling();
    await provider.resize(3, call);
    expect(call.said[0]).toContain('change_points: the reply is not as expected: code is missing; again in');
  });
});

describe('in signed mode', () => {
  it('signs what openssl verifies, and so does the double', async () => {
    const provider = await opened({ privateKey: 'secret:KEY' }, { publicKey });
    await provider.resize(5, calling());
    expect(points.get(388)).toBe(5);
    const { headers = {}, path = '', text = '' } = cloud.last('resize') ?? {};
    const signed = [path, headers['version'], headers['timestamp'], headers['token'], text].join('\n');
    expect(opensslVerifies(signed, String(headers['sign_str']))).toBe(true);
    expect(opensslVerifies(`${signed} `, String(headers['sign_str']))).toBe(false);
  });

  it('signs each try anew', async () => {
    const provider = await opened({ privateKey: 'secret:KEY' }, { publicKey });
    cloud.trouble('resize', { does: 'fail-before' });
    await provider.resize(5, calling());
    const [first, second] = cloud.asked.map(({ headers }) => headers);
    expect(Number(second?.['timestamp'])).toBeGreaterThan(Number(first?.['timestamp']));
    expect(second?.['sign_str']).not.toBe(first?.['sign_str']);
  });

  it.each([
    ['the key of another', { privateKey: 'secret:OTHER_KEY' }],
    ['no key', {}],
  ])('is refused with %s', async (_, spec) => {
    const provider = await opened(spec, { publicKey });
    expect(String(await rejection(provider.resize(5, calling())))).toContain('code 1004: 签名错误');
    expect(points.get(388)).toBe(1);
  });

  it.each(['no key at all', 'secret:EC_KEY'])('takes no other kind of key: %s', async (key) => {
    const error = await rejection(opened({ privateKey: key }, { publicKey }));
    expect(error).toEqual(new Refused('suanli: privateKey is no RSA key, expected one in PEM, without a passphrase'));
  });
});

/** As `openssl dgst -sha256 -verify` has it, which knows nothing of ours. */
function opensslVerifies(signed: string, signature: string): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'drover-openssl-'));
  try {
    const file = (name: string, content: string | Buffer) => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const key = file('key.pem', publicKey.export({ type: 'spki', format: 'pem' }));
    const sign = file('signature', Buffer.from(signature, 'base64'));
    const args = ['dgst', '-sha256', '-verify', key, '-signature', sign, file('signed', signed)];
    return execFileSync('openssl', args, { stdio: 'pipe' }).toString().trim() === 'Verified OK';
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
