import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Unreachable } from '../../remote/errors.ts';
import { HostKeys } from '../../remote/host-keys.ts';
import { fingerprint } from '../../remote/known-hosts.ts';
import type { Destination } from '../../remote/target.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'drover-known-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ED = 'ssh-ed25519';
const RSA = 'ssh-rsa';
const ours = blob(ED, 'ours');
const other = blob(ED, 'other');
const rsa = blob(RSA, 'rsa');
let files = 0;

describe('a host key is trusted', () => {
  it('by its address, among several and in any case', () => {
    expect(check(`unrelated ${line(ED, other)}\nWEB1,10.0.0.1 ${line(ED, ours)}`, { host: 'web1' })).toBeUndefined();
  });

  it('by address and port', () => {
    expect(check(`[web1]:2222 ${line(ED, ours)}`, { host: 'web1', port: 2222 })).toBeUndefined();
  });

  it('by the bare address for another port, when it is the same', () => {
    expect(check(`web1 ${line(ED, ours)}`, { host: 'web1', port: 2222 })).toBeUndefined();
    expect(check(`web1 ${line(ED, other)}`, { host: 'web1', port: 2222 })).toMatch(/is not known/);
  });

  it('by a hashed name', () => {
    const salt = Buffer.from('0123456789abcdefghij');
    const hash = createHmac('sha1', salt).update('[web1]:2222').digest('base64');
    const text = `|1|${salt.toString('base64')}|${hash} ${line(ED, ours)}`;
    expect(check(text, { host: 'web1', port: 2222 })).toBeUndefined();
    expect(check(text, { host: 'web2', port: 2222 })).toMatch(/is not known/);
  });

  it('by wildcards, unless a negation excludes it', () => {
    const text = `*.example.net,!db.example.net,10.0.0.? ${line(ED, ours)}`;
    expect(check(text, { host: 'web.example.net' })).toBeUndefined();
    expect(check(text, { host: '10.0.0.7' })).toBeUndefined();
    expect(check(text, { host: 'db.example.net' })).toMatch(/is not known/);
    expect(check(text, { host: '10.0.0.77' })).toMatch(/is not known/);
  });

  it('whatever comments, blank and broken lines are around it', () => {
    expect(
      check(`# web1 x y\n\nweb1\nweb1 ssh-ed25519 !!!\n  web1 ${line(ED, ours)} a comment\r`, { host: 'web1' }),
    ).toBeUndefined();
  });
});

describe('a host key is refused', () => {
  it('when another is known: says where, both fingerprints, and what to do', () => {
    const message = check(`\nweb1 ${line(ED, other)}`, { host: 'web1' });
    expect(message).toMatch(/host key of web1 has changed/);
    expect(message).toMatch(/known_hosts-\d+:2 has ssh-ed25519 /);
    expect(message).toContain(fingerprint(other));
    expect(message).toContain(fingerprint(ours));
    expect(message).toMatch(/ssh-keygen -f \S+ -R 'web1'/);
  });

  it('when it is revoked', () => {
    expect(check(`web1 ${line(ED, ours)}\n@revoked * ${line(ED, ours)}`, { host: 'web1' })).toMatch(
      /is revoked by \S+:2/,
    );
  });

  it('when only a certificate authority is known, and says so', () => {
    expect(check(`@cert-authority *.net ${line(ED, ours)}`, { host: 'web.net' })).toMatch(
      /:1 names a certificate authority/,
    );
  });

  it('when nothing, or only a key of another type, is known', () => {
    expect(check('', { host: 'web1', port: 2222 })).toMatch(/\[web1\]:2222 is not known: .*ssh-keyscan -p 2222 web1/);
    expect(check(`web1 ${line(RSA, rsa)}`, { host: 'web1' })).toMatch(/:1 has ssh-rsa/);
  });
});

describe('algorithms', () => {
  it('of known keys are asked for first', () => {
    const { keys, destination } = setUp(`web1 ${line(RSA, rsa)}`, { host: 'web1' });
    expect(keys.algorithms(destination).slice(0, 3)).toEqual(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa']);
    expect(keys.algorithms({ ...destination, hostKeyAlias: 'web2' })[0]).toBe('ssh-ed25519');
  });
});

describe('on first use', () => {
  it('an unknown key is pinned, and a changed one refused', () => {
    const pinned = path.join(folder, 'deep', 'pinned');
    const keys = new HostKeys(pinned);
    const { destination } = setUp('', { host: 'web1', port: 2222, hostKeys: 'first-use' });
    keys.check(destination, ours);
    expect(readFileSync(pinned, 'utf8')).toBe(`[web1]:2222 ${line(ED, ours)}\n`);
    keys.check(destination, ours);
    expect(readFileSync(pinned, 'utf8').split('\n')).toHaveLength(2);
    expect(() => new HostKeys(pinned).check(destination, other)).toThrow(/has changed: \S+pinned:1/);
    expect(() => keys.check({ ...destination, hostKeys: 'strict' }, ours)).toThrow(/is not known/);
  });

  it('a key that known_hosts contradicts is refused', () => {
    const { destination } = setUp(`web1 ${line(ED, other)}`, { host: 'web1', hostKeys: 'first-use' });
    expect(() => new HostKeys(path.join(folder, 'pinned2')).check(destination, ours)).toThrow(/has changed/);
  });

  it('needs a file to pin to', () => {
    const { keys, destination } = setUp('', { host: 'web1', hostKeys: 'first-use' });
    expect(() => keys.check(destination, ours)).toThrow(/pinnedHosts/);
  });
});

/** Why `ours` is refused; undefined when it is not. */
function check(text: string, where: Partial<Destination>): string | undefined {
  const { keys, destination } = setUp(text, where);
  try {
    keys.check(destination, ours);
  } catch (error) {
    expect(error).toBeInstanceOf(Unreachable);
    return (error as Error).message;
  }
  return undefined;
}

function setUp(text: string, where: Partial<Destination>): { keys: HostKeys; destination: Destination } {
  const file = path.join(folder, `known_hosts-${files++}`);
  writeFileSync(file, text);
  const destination: Destination = {
    host: '',
    port: 22,
    user: 'deploy',
    hostKeyAlias: where.host ?? '',
    identityFiles: [],
    identitiesNamed: false,
    agent: undefined,
    knownHosts: [file],
    hostKeys: 'strict',
    via: undefined,
    ...where,
  };
  return { keys: new HostKeys(undefined), destination };
}

function blob(type: string, text: string): Buffer {
  const field = (value: string) => Buffer.concat([Buffer.from([0, 0, 0, value.length]), Buffer.from(value)]);
  return Buffer.concat([field(type), field(text)]);
}

function line(type: string, key: Buffer): string {
  return `${type} ${key.toString('base64')}`;
}
