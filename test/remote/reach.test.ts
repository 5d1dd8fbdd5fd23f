import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FleetOptions, Target } from '../../remote/fleet.ts';
import { eventually } from '../support/eventually.ts';
import { processesWith } from '../support/processes.ts';
import { startProxy } from '../support/proxy.ts';
import { makeKey, startSshd, type SshdFleet } from '../support/sshd.ts';
import { run, TestFleet, uid } from './recorder.ts';

let sshd: SshdFleet;
const open: (() => Promise<void>)[] = [];

beforeAll(async () => {
  sshd = await startSshd({ count: 3, hostKeyTypes: ['ed25519', 'rsa'] });
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});
afterAll(() => sshd.stop());

function newFleet(options: FleetOptions = {}): TestFleet {
  const fleet = new TestFleet(options);
  open.push(() => fleet.close());
  return fleet;
}

async function newSshd(...options: Parameters<typeof startSshd>): Promise<SshdFleet> {
  const daemon = await startSshd(...options);
  open.push(daemon.stop);
  return daemon;
}

/** Why it was not reached. */
async function whyNot(target: Target, options: FleetOptions = {}): Promise<string> {
  const { outcome } = await run(newFleet(options), target, 'true');
  expect(outcome.kind).toBe('unreachable');
  return outcome.kind === 'unreachable' ? outcome.reason : '';
}

describe('a node that cannot be reached says why', () => {
  it('refused', async () => {
    expect(await whyNot({ ...sshd.target, port: 1 })).toBe(`connection refused by ${sshd.target.address}:1`);
  });

  it('no such name', async () => {
    expect(await whyNot({ ...sshd.target, address: 'no-such-host.invalid' })).toMatch(
      /^(no such host: |the name )no-such-host/,
    );
  });

  it('no answer', async () => {
    const silent = net.createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as net.AddressInfo;
    expect(await whyNot({ ...sshd.target, address: '127.0.0.1', port }, { connectTimeout: 300 })).toBe(
      `no answer from 127.0.0.1:${port} within 0.3 s`,
    );
    silent.close();
  });

  it('no key that it takes', async () => {
    const identityFile = path.join(sshd.folder, `wrong-${uid()}`);
    makeKey(identityFile);
    const reason = await whyNot({ ...sshd.target, identityFile });
    expect(reason).toMatch(/^login as \S+@127\.\S+ refused: tried /);
    expect(reason).toContain(identityFile);
  });

  it('no key at all, and what is wrong with the one that was named', async () => {
    const missing = path.join(sshd.folder, 'missing');
    expect(await whyNot({ ...sshd.target, identityFile: missing })).toMatch(/missing does not exist/);
    expect(await whyNot({ ...sshd.target, identityFile: `${sshd.identityFile}.pub` })).toMatch(/is a public key/);
    writeFileSync(missing, 'nonsense');
    expect(await whyNot({ ...sshd.target, identityFile: missing })).toMatch(/is not a private key/);
  });

  it('another host key than the known one', async () => {
    const other = await newSshd({ addresses: [sshd.target.address] });
    const knownHosts = path.join(sshd.folder, `known-${uid()}`);
    writeFileSync(knownHosts, `[${sshd.target.address}]:${sshd.port} ${other.hostKeys[0] ?? ''}\n`);
    expect(await whyNot({ ...sshd.target, knownHosts })).toMatch(
      /has changed: \S+:1 has ssh-ed25519 SHA256:\S+, the server shows ssh-ed25519 SHA256:/,
    );
  });

  it('an unknown host key', async () => {
    const knownHosts = path.join(sshd.folder, 'known-none');
    expect(await whyNot({ ...sshd.target, knownHosts })).toMatch(/is not known: .*hostKeys: first-use/);
  });

  it('a login shell that runs nothing', async () => {
    const closed = await newSshd({ config: ['ForceCommand echo This account is currently not available.; exit 1'] });
    expect(await whyNot(closed.target)).toMatch(/login shell .* it said "This account is currently not available\."/);
  });

  it('a target that makes no sense', async () => {
    expect(await whyNot({ ...sshd.target, via: 'a b c@:x' })).toMatch(/not a jump host/);
  });

  it('a folder on the node that others could write to', async () => {
    const base = `${sshd.work}/open-${uid()}`;
    const fleet = newFleet();
    await run(
      fleet,
      sshd.target,
      `mkdir ${base} ${base}-real; chmod 755 ${base}; chmod 700 ${base}-real; ln -s ${base}-real ${base}-link; : > ${base}-file`,
    );
    expect(await whyNot(sshd.target, { base: () => base })).toMatch(/can be entered by others/);
    expect(await whyNot(sshd.target, { base: () => `${base}-link` })).toMatch(/symbolic link/);
    expect(await whyNot(sshd.target, { base: () => `${base}-file` })).toMatch(/cannot be made or entered/);
  });
});

describe('host keys', () => {
  it('of a type that is not the server’s favourite are asked for', async () => {
    const knownHosts = path.join(sshd.folder, `known-${uid()}`);
    writeFileSync(knownHosts, `[${sshd.target.address}]:${sshd.port} ${sshd.hostKeys[1] ?? ''}\n`);
    const ran = await run(newFleet(), { ...sshd.target, knownHosts }, 'true');
    expect(ran.outcome).toEqual({ kind: 'exited', code: 0 });
  });

  it('are pinned on first use, and held to after', async () => {
    const pinnedHosts = path.join(sshd.folder, `pinned-${uid()}`);
    const target: Target = { ...sshd.target, knownHosts: path.join(sshd.folder, 'known-none'), hostKeys: 'first-use' };
    expect((await run(newFleet({ pinnedHosts }), target, 'true')).outcome).toEqual({ kind: 'exited', code: 0 });
    const pinned = readFileSync(pinnedHosts, 'utf8');
    expect(pinned).toContain(`[${sshd.target.address}]:${sshd.port} ssh-`);
    expect((await run(newFleet({ pinnedHosts }), target, 'true')).outcome).toEqual({ kind: 'exited', code: 0 });
    expect(readFileSync(pinnedHosts, 'utf8')).toBe(pinned);
    const other = await newSshd({ addresses: [sshd.target.address] });
    writeFileSync(pinnedHosts, `[${sshd.target.address}]:${sshd.port} ${other.hostKeys[0] ?? ''}\n`);
    expect(await whyNot(target, { pinnedHosts })).toMatch(/has changed/);
  });
});

describe('a connection', () => {
  it('is made as ssh_config says', async () => {
    const sshConfigFile = path.join(sshd.folder, `config-${uid()}`);
    const { address } = sshd.target;
    writeFileSync(
      sshConfigFile,
      `Host web\n  HostName ${address}\n  Port ${sshd.port}\n  User ${sshd.user}\n  IdentityFile ${sshd.folder}/none\n` +
        `  IdentityFile ${sshd.identityFile}\n  UserKnownHostsFile ${sshd.knownHosts}\n`,
    );
    const ran = await run(newFleet({ sshConfigFile }), { address: 'web' }, 'echo $SSH_CONNECTION');
    expect(ran.out).toContain(`${address} ${sshd.port}`);
  });

  it('is shared by all jobs of a node, and closed when it was not used for a while', async () => {
    const proxy = await startProxy(sshd.target);
    open.push(() => proxy.close());
    const fleet = newFleet({ idle: 300 });
    await Promise.all(Array.from({ length: 20 }, () => run(fleet, proxy.target, 'true')));
    expect(proxy.open()).toBe(1);
    await eventually(() => expect(proxy.open()).toBe(0));
    expect((await run(fleet, proxy.target, 'echo again')).out).toBe('again\n');
  });

  it('survives a server that drops logins when many come at once', async () => {
    const strict = await newSshd({ config: ['MaxStartups 2:90:3'] });
    const fleets = Array.from({ length: 12 }, () => newFleet());
    const all = await Promise.all(fleets.map((fleet) => run(fleet, strict.target, 'echo in')));
    expect(all.map((ran) => ran.out)).toEqual(Array.from({ length: 12 }, () => 'in\n'));
  });

  it('makes do with the sessions that the server allows', async () => {
    const strict = await newSshd({ config: ['MaxSessions 2'] });
    const fleet = newFleet();
    const all = await Promise.all(Array.from({ length: 10 }, () => run(fleet, strict.target, 'sleep 0.1; echo in')));
    expect(all.map((ran) => ran.out)).toEqual(Array.from({ length: 10 }, () => 'in\n'));
  });

  it('that allows one session: cancel takes a second connection', async () => {
    const strict = await newSshd({ config: ['MaxSessions 1'] });
    const fleet = newFleet();
    const abort = new AbortController();
    const tag = `TAG${uid()}`;
    const pending = run(
      fleet,
      strict.target,
      `sh -c 'while :; do sleep 1; done # ${tag}'`,
      {},
      { signal: abort.signal },
    );
    await eventually(() => expect(processesWith(tag).length).toBeGreaterThan(0));
    abort.abort();
    expect((await pending).outcome).toMatchObject({ kind: 'cancelled', confirmed: true });
    expect(processesWith(tag)).toEqual([]);
  });
});

describe('by way of jump hosts', () => {
  it('many nodes share one connection to the jump host', async () => {
    const bastion = await newSshd({ config: ['MaxSessions 0'] }); // forwarding needs no sessions
    const proxy = await startProxy(bastion.target);
    open.push(() => proxy.close());
    const nodes = await newSshd({ count: 6 });
    const via = `${bastion.user}@127.0.0.1:${proxy.target.port ?? 0}`;
    const config = path.join(bastion.folder, 'config');
    writeFileSync(
      config,
      `Host 127.0.0.1\n  UserKnownHostsFile ${bastion.knownHosts}\n  IdentityFile ${bastion.identityFile}\n`,
    );
    const fleet = newFleet({ sshConfigFile: config });
    const all = await Promise.all(
      nodes.targets.map((target) => run(fleet, { ...target, via }, 'echo $SSH_CONNECTION')),
    );
    expect(all.map((ran) => ran.out.split(' ')[2])).toEqual(nodes.targets.map((target) => target.address));
    expect(proxy.open()).toBe(1);
  });

  it('several of them, one after another', async () => {
    const [first, second, third] = sshd.targets;
    const hop = (target?: Target) => `${target?.user ?? ''}@${target?.address ?? ''}:${target?.port ?? 0}`;
    const ran = await run(
      newFleet(),
      { ...sshd.target, ...third, via: `${hop(first)},${hop(second)}` },
      'echo $SSH_CONNECTION',
    );
    expect(ran.out).toMatch(
      new RegExp(`^${second?.address ?? ''} \\d+ ${third?.address ?? ''} `.replace(/^\^\S+/, '^\\S+')),
    );
  });

  it('says which of the two could not be reached', async () => {
    const { address, port, user } = sshd.target;
    expect(await whyNot({ ...sshd.target, via: `${user ?? ''}@${address}:1` })).toBe(
      `by way of the jump host ${user ?? ''}@${address}:1: connection refused by ${address}:1`,
    );
    expect(await whyNot({ ...sshd.target, port: 1, via: `${user ?? ''}@${address}:${port ?? 0}` })).toMatch(
      new RegExp(`^the jump host \\S+ cannot reach ${address}:1: .*[Cc]onnection refused`),
    );
  });
});
