import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { SshConfig } from '../../remote/ssh-config.ts';
import { parseHop, resolveTarget, type Target } from '../../remote/target.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'drover-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

describe('a target', () => {
  it('by its address alone is the worker’s user, port 22, the usual keys and known_hosts', () => {
    vi.stubEnv('SSH_AUTH_SOCK', '/run/agent');
    const destination = resolve({ address: '10.0.0.1' }, '');
    expect(destination).toMatchObject({
      host: '10.0.0.1',
      port: 22,
      user: userInfo().username,
      agent: '/run/agent',
      hostKeys: 'strict',
    });
    expect(destination.identityFiles[0]).toBe(path.join(homedir(), '.ssh/id_ed25519'));
    expect(destination.knownHosts[0]).toBe(path.join(homedir(), '.ssh/known_hosts'));
    vi.unstubAllEnvs();
  });

  it('takes what it does not say from ssh_config', () => {
    const config = `
Host web*
  HostName %h.example.net
  User deploy
  Port 2222
  IdentityFile ~/keys/%h
  IdentityFile "/keys/second one"
  UserKnownHostsFile ~/known1 /known2
  HostKeyAlias web-alias
Host *
  User nobody
  IdentityFile /keys/all`;
    expect(resolve({ address: 'web1' }, config)).toMatchObject({
      host: 'web1.example.net',
      user: 'deploy',
      port: 2222,
      hostKeyAlias: 'web-alias',
      identityFiles: [path.join(homedir(), 'keys/web1.example.net'), '/keys/second one', '/keys/all'],
      identitiesNamed: true,
    });
    expect(resolve({ address: 'web1' }, config).knownHosts.slice(0, 2)).toEqual([
      path.join(homedir(), 'known1'),
      '/known2',
    ]);
    expect(resolve({ address: 'db1' }, config)).toMatchObject({ host: 'db1', user: 'nobody', port: 22 });
  });

  it('has the last word itself', () => {
    const config = 'Host *\n  User a\n  Port 1\n  IdentityFile /a\n  UserKnownHostsFile /a\n  ProxyJump jump';
    const target: Target = { address: 'x', user: 'b', port: 2, identityFile: '~/b', knownHosts: '/b', via: 'none' };
    expect(resolve(target, config)).toMatchObject({
      user: 'b',
      port: 2,
      identityFiles: [path.join(homedir(), 'b')],
      via: undefined,
    });
    expect(resolve(target, config).knownHosts[0]).toBe('/b');
  });

  it('is not tried with the agent when ssh_config says IdentitiesOnly', () => {
    vi.stubEnv('SSH_AUTH_SOCK', '/run/agent');
    expect(resolve({ address: 'x' }, 'IdentitiesOnly yes').agent).toBeUndefined();
    expect(resolve({ address: 'x' }, 'IdentityAgent /run/other').agent).toBe('/run/other');
    vi.unstubAllEnvs();
  });

  it('is reached by jump hosts, each with its own configuration, the nearest first', () => {
    const config = 'Host a\n  HostName a.net\n  User alice\nHost b\n  ProxyJump outer\n';
    const destination = resolve({ address: 'x', via: 'a,bob@b:2022', identityFile: '/k', knownHosts: '/h' }, config);
    expect(destination.via).toMatchObject({ host: 'b', user: 'bob', port: 2022, identityFiles: ['/k'] });
    expect(destination.via?.via).toMatchObject({ host: 'a.net', user: 'alice', port: 22, via: undefined });
    expect(resolve({ address: 'x', via: 'b' }, config).via?.via).toMatchObject({ host: 'outer' });
  });

  it('that jumps in a circle is refused', () => {
    expect(() => resolve({ address: 'a' }, 'Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n')).toThrow(/jump hosts/);
  });
});

describe('ssh_config', () => {
  it('includes other files, with wildcards', () => {
    mkdirSync(path.join(folder, 'more'));
    writeFileSync(path.join(folder, 'more/1.conf'), 'Host x\n  Port 11\n');
    writeFileSync(path.join(folder, 'more/2.conf'), 'Host y\n  Port 12\n');
    const config = `Include ${folder}/more/*.conf\nHost *\n  Port 13\n`;
    expect(['x', 'y', 'z'].map((address) => resolve({ address }, config).port)).toEqual([11, 12, 13]);
  });

  it('is read again when it changes, and may be missing only where the user did not name it', () => {
    const file = path.join(folder, 'changing');
    writeFileSync(file, 'Port 21');
    const config = new SshConfig(file);
    expect(config.of('x').port).toBe(21);
    writeFileSync(file, 'Port 2121');
    expect(config.of('x').port).toBe(2121);
    expect(() => new SshConfig(path.join(folder, 'missing')).of('x')).toThrow(/does not exist/);
  });
});

describe('a jump host', () => {
  it('is [user@]host[:port]', () => {
    expect(parseHop('jump')).toEqual({ address: 'jump' });
    expect(parseHop('me@jump:22')).toEqual({ address: 'jump', user: 'me', port: 22 });
    expect(parseHop('ssh://me@jump:22')).toEqual({ address: 'jump', user: 'me', port: 22 });
    expect(parseHop('me@[fe80::1]:22')).toEqual({ address: 'fe80::1', user: 'me', port: 22 });
    expect(parseHop('fe80::1')).toEqual({ address: 'fe80::1' });
    expect(() => parseHop('')).toThrow(/expected \[user@\]host\[:port\]/);
  });
});

function resolve(target: Target, text: string) {
  const file = path.join(folder, `config-${files++}`);
  writeFileSync(file, text);
  return resolveTarget(target, new SshConfig(file));
}
