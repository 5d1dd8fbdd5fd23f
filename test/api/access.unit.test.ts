import { describe, expect, it } from 'vitest';
import { isIn, isLoopbackHost, plainAddress, trustedAddresses } from '../../api/access/addresses.ts';
import { credentialsIn } from '../../api/access/credentials.ts';
import { KnownTokens } from '../../api/access/known-tokens.ts';
import { adminToken } from '../../api/access/settings.ts';
import type { TokenRow } from '../../store/access.ts';

describe('trusted addresses', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['192.0.2.7', '::ffff:192.0.2.7', true],
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    [' 192.0.2.7 , fd00::/8,', 'fd12::1', true],
    ['fe80::1', 'fe80::1%eth0', true],
    ['', '127.0.0.1', false],
  ])('"%s" and %s: %s', (text, address, isTrusted) => {
    expect(isIn(trustedAddresses(text), address)).toBe(isTrusted);
  });

  it.each(['nonsense', '10.0.0.0/33', '10.0.0/8', '192.0.2.7,::1/200', '1.2.3.4/8/9', '1.2.3.4/-1', 'fe80::%eth0/64'])(
    'refuses %s, naming the part',
    (text) => {
      expect(() => trustedAddresses(text)).toThrow(`"${text.split(',').at(-1) ?? ''}" is no address`);
    },
  );
});

describe('loopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.0.2.1', false],
  ])('%s: %s', async (host, isLoopback) => {
    expect(await isLoopbackHost(host)).toBe(isLoopback);
  });

  it('shows mapped addresses as people write them', () => {
    expect([plainAddress('::ffff:192.0.2.7'), plainAddress('fd00::1'), plainAddress(undefined)]).toEqual([
      '192.0.2.7',
      'fd00::1',
      null,
    ]);
  });
});

describe('the admin token of the environment', () => {
  it('is 20 visible characters at least', () => {
    expect(() => adminToken('short')).toThrow('has 5 characters, expected 20 or more');
    expect(() => adminToken('twenty characters with blanks')).toThrow('blanks');
    expect(adminToken('exactly-20-character')).toBe('exactly-20-character');
  });
});

describe('what Authorization says', () => {
  it.each([
    [undefined, undefined],
    ['  ', undefined],
    ['Bearer abc', { secret: 'abc', userName: '' }],
    ['bearer  abc ', { secret: 'abc', userName: '' }],
    ['Bearer', { secret: undefined, userName: '' }],
    ['Bearer a b', { secret: undefined, userName: '' }],
    ['Basic YTpi', { secret: undefined, userName: '' }],
    ['drv_abc', { secret: 'drv_abc', userName: '' }],
    ['alice', { secret: 'alice', userName: 'alice' }],
    ['bearers', { secret: 'bearers', userName: 'bearers' }],
    ['caf\u00e9', { secret: 'caf\u00e9', userName: 'caf\u00e9' }],
    ['caf\u00c3\u00a9', { secret: 'caf\u00c3\u00a9', userName: 'caf\u00e9' }],
  ])('%j', (header, credentials) => {
    expect(credentialsIn(header)).toEqual(credentials);
  });

  it('keeps 200 characters of a name', () => {
    expect(credentialsIn('x'.repeat(300))?.userName).toHaveLength(200);
  });
});

describe('known tokens', () => {
  /** A store that counts what it is asked. */
  const counting = (rows: Record<string, TokenRow> = { secret: ROW }) => {
    const asked = { find: 0, count: 0 };
    let now = 0;
    const known = new KnownTokens(
      {
        find: (secret) => Promise.resolve((asked.find++, rows[secret])),
        count: () => Promise.resolve((asked.count++, Object.keys(rows).length)),
      },
      () => now,
    );
    return { asked, rows, known, pass: (ms: number) => (now += ms) };
  };

  it('asks the store once in a few seconds, however many requests come', async () => {
    const { asked, known, pass } = counting();
    await Promise.all(Array.from({ length: 100 }, () => Promise.all([known.find('secret'), known.none()])));
    expect(asked).toEqual({ find: 1, count: 1 });
    pass(3001);
    expect(await known.find('secret')).toBe(ROW);
    expect(await known.none()).toBe(false);
    expect(asked).toEqual({ find: 2, count: 2 });
  });

  it('asks again at once after a change here', async () => {
    const { asked, rows, known } = counting();
    await known.find('secret');
    delete rows['secret'];
    known.forget();
    expect(await known.find('secret')).toBeUndefined();
    expect(await known.none()).toBe(true);
    expect(asked.find).toBe(2);
  });

  it('does not remember what is no token, nor an answer that failed', async () => {
    const { asked, known } = counting();
    await known.find('guess');
    await known.find('guess');
    expect(asked.find).toBe(2);
    const failing = new KnownTokens({
      find: () => Promise.reject(new Error('away')),
      count: () => Promise.reject(new Error('away')),
    });
    for (let i = 0; i < 2; i++) {
      await expect(failing.find('secret')).rejects.toThrow('away');
      await expect(failing.none()).rejects.toThrow('away');
    }
  });

  it('remembers a thousand, the latest', async () => {
    const secrets = Array.from({ length: 1001 }, (_, i) => `secret-${i}`);
    const { asked, known } = counting(Object.fromEntries(secrets.map((secret) => [secret, ROW])));
    for (const secret of secrets) await known.find(secret);
    await known.find('secret-1000');
    expect(asked.find).toBe(1001);
    await known.find('secret-0');
    expect(asked.find).toBe(1002);
  });
});

const ROW: TokenRow = {
  ...{ id: 1, name: 'ci', role: 'viewer', createdAt: new Date(0), createdBy: 'setup' },
  ...{ lastUsedAt: null, revokedAt: null },
};
