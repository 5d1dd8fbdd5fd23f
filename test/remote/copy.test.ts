import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CopyFailed, copyFile, type FileCopy } from '../../remote/copy.ts';
import { Unreachable } from '../../remote/fleet.ts';
import { allowSudo } from '../support/sudo.ts';
import { startProxy } from '../support/proxy.ts';
import { startSshd, type SshdFleet } from '../support/sshd.ts';
import { run, TestFleet, uid } from './recorder.ts';

let sshd: SshdFleet;
let fleet: TestFleet;

beforeAll(async () => {
  sshd = await startSshd();
  fleet = new TestFleet();
});
afterAll(async () => {
  await fleet.close();
  await sshd.stop();
});

const file = (dest: string, content: Buffer | string, more: Partial<FileCopy> = {}): FileCopy => {
  const bytes = Buffer.from(content);
  return {
    dest,
    content: bytes,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    ...more,
  };
};
/** A folder of the login user. */
async function newFolder(): Promise<string> {
  const folder = path.join(sshd.work, `folder-${uid()}`);
  await run(fleet, sshd.target, `mkdir ${folder}`);
  return folder;
}
const mode = (name: string) => (statSync(name).mode & 0o7777).toString(8);
const leftovers = () => readdirSync(fleet.base).filter((name) => name.startsWith('upload-'));

describe('a copy', () => {
  it('arrives whole, with its mode, and leaves nothing beside it', async () => {
    const folder = await newFolder();
    const dest = `${folder}/it's a "file" $HOME é`;
    const content = randomBytes(3_000_000);
    expect(await copyFile(fleet, sshd.target, file(dest, content, { mode: '0750' }))).toEqual({ changed: true });
    expect(readFileSync(dest).equals(content)).toBe(true);
    expect(mode(dest)).toBe('750');
    expect(readdirSync(folder)).toHaveLength(1);
    expect(leftovers()).toEqual([]);
  });

  it('is left out when the file is the same, corrects only the mode when that differs, and keeps it when none is given', async () => {
    const dest = `${await newFolder()}/app.conf`;
    expect(await copyFile(fleet, sshd.target, file(dest, 'a', { mode: '0600' }))).toEqual({ changed: true });
    const { ino } = statSync(dest);
    expect(await copyFile(fleet, sshd.target, file(dest, 'a', { mode: '600' }))).toEqual({ changed: false });
    expect(await copyFile(fleet, sshd.target, file(dest, 'a', { mode: '640' }))).toEqual({ changed: true });
    expect({ ino: statSync(dest).ino, mode: mode(dest) }).toEqual({ ino, mode: '640' });
    expect(await copyFile(fleet, sshd.target, file(dest, 'b'))).toEqual({ changed: true });
    expect({ text: readFileSync(dest, 'utf8'), mode: mode(dest) }).toEqual({ text: 'b', mode: '640' });
    expect(statSync(dest).ino).not.toBe(ino);
  });

  it('of an empty file, of a stream, and below the home folder', async () => {
    const folder = await newFolder();
    await copyFile(fleet, sshd.target, file(`${folder}/empty`, ''));
    expect({ size: statSync(`${folder}/empty`).size, mode: mode(`${folder}/empty`) }).toEqual({ size: 0, mode: '644' });
    const content = randomBytes(200_000);
    async function* stream() {
      for (let at = 0; at < content.length; at += 50_000)
        yield await Promise.resolve(content.subarray(at, at + 50_000));
    }
    await copyFile(fleet, sshd.target, file(`${folder}/stream`, content, { content: stream }));
    expect(readFileSync(`${folder}/stream`).equals(content)).toBe(true);
    const name = `drover-copy-${uid()}`;
    await copyFile(fleet, sshd.target, file(`~/${name}`, 'home'));
    expect((await run(fleet, sshd.target, `cat ~/${name}; rm ~/${name}`)).out).toBe('home');
  });

  it.runIf(process.getuid?.() === 0)('by sudo belongs to root, or to whom it is given', async () => {
    const sudo = await allowSudo(sshd.user);
    const folder = `${sshd.work}/root-${uid()}`;
    mkdirSync(folder, { mode: 0o700 });
    const owner = () => ({ uid: statSync(`${folder}/x`).uid, mode: mode(`${folder}/x`) });
    const copy = (content: string, more = {}) =>
      copyFile(fleet, sshd.target, file(`${folder}/x`, content, { sudo: true, ...more }));
    expect(await copy('a', { mode: '0640' })).toEqual({ changed: true });
    expect(owner()).toEqual({ uid: 0, mode: '640' });
    expect(await copy('a', { owner: `${sshd.user}:root` })).toEqual({ changed: true });
    const given = owner();
    expect(given.uid).not.toBe(0);
    expect(await copy('a', { owner: `${sshd.user}:root`, mode: '640' })).toEqual({ changed: false });
    expect(await copy('b')).toEqual({ changed: true });
    expect(owner()).toEqual(given);
    expect(readFileSync(`${folder}/x`, 'utf8')).toBe('b');
    await sudo.withdraw();
  });

  it('replaces what a link points to, not the link', async () => {
    const folder = await newFolder();
    await copyFile(fleet, sshd.target, file(`${folder}/real`, 'old'));
    symlinkSync('real', `${folder}/link`);
    await copyFile(fleet, sshd.target, file(`${folder}/link`, 'new'));
    expect(lstatSync(`${folder}/link`).isSymbolicLink()).toBe(true);
    expect(readFileSync(`${folder}/real`, 'utf8')).toBe('new');
  });

  it('goes on when the connection breaks', async () => {
    const proxy = await startProxy(sshd.target);
    const dest = `${await newFolder()}/file`;
    const content = randomBytes(2_000_000);
    let broken = false;
    async function* breaking() {
      yield content.subarray(0, 1_000_000);
      if (!broken) proxy.reset();
      broken = true;
      yield await Promise.resolve(content.subarray(1_000_000));
    }
    expect(await copyFile(fleet, proxy.target, file(dest, content, { content: breaking }))).toEqual({ changed: true });
    expect(readFileSync(dest).equals(content)).toBe(true);
    await proxy.close();
    for (const name of leftovers()) rmSync(path.join(fleet.base, name)); // what garbage collection is for
  });
});

describe('a copy that cannot be made says why', () => {
  const failure = async (copy: FileCopy, target = sshd.target) => {
    const error = await copyFile(fleet, target, copy).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CopyFailed);
    return (error as Error).message;
  };

  it('no such folder, a folder in its place, no right to write, no right to read', async () => {
    const folder = await newFolder();
    expect(await failure(file(`${folder}/none/x`, 'x'))).toMatch(/folder that it goes into does not exist/);
    expect(await failure(file(folder, 'x'))).toMatch(/it is a folder/);
    if (process.getuid?.() !== 0) return;
    mkdirSync(`${sshd.work}/root-${uid()}`);
    expect(await failure(file('/etc/drover-test', 'x'))).toMatch(/[Pp]ermission denied|cannot create/);
    writeFileSync(`${folder}/secret`, 'x', { mode: 0o600 });
    expect(await failure(file(`${folder}/secret`, 'y'))).toMatch(/cannot be read; does it need sudo/);
    expect(leftovers()).toEqual([]);
  });

  it('content that is not what its sha256 says', async () => {
    const dest = `${await newFolder()}/x`;
    expect(await failure(file(dest, 'x', { sha256: 'f'.repeat(64) }))).toMatch(/what arrived is not what was sent/);
    expect(existsSync(dest)).toBe(false);
  });

  it('an owner that may not be given, sudo that may not be used', async () => {
    const folder = await newFolder();
    expect(await failure(file(`${folder}/x`, 'x', { owner: 'root' }))).toMatch(/not permitted/);
    const bin = `${sshd.folder}/bin`;
    mkdirSync(bin);
    writeFileSync(`${bin}/sudo`, '#!/bin/sh\necho a password is required >&2; exit 1', { mode: 0o755 });
    const strict = await startSshd({ config: [`SetEnv PATH=${bin}:/usr/bin:/bin`] });
    expect(await failure(file(`${folder}/x`, 'x', { sudo: true }), strict.target)).toMatch(
      /may not use sudo without a password \(a password is required\)/,
    );
    await strict.stop();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a server without SFTP', async () => {
    const bare = await startSshd({ subsystems: [] });
    expect(await failure(file(`${await newFolder()}/x`, 'x'), bare.target)).toMatch(
      /has no SFTP .*Subsystem sftp internal-sftp/,
    );
    await bare.stop();
  });

  it('cancelled', async () => {
    const dest = `${await newFolder()}/x`;
    const abort = new AbortController();
    async function* endless() {
      for (;;) {
        yield await Promise.resolve(Buffer.alloc(100_000));
        abort.abort();
      }
    }
    const copy = file(dest, '', { content: endless });
    await expect(copyFile(fleet, sshd.target, copy, { signal: abort.signal })).rejects.toThrow(/was cancelled/);
    expect(existsSync(dest)).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  it('a node that cannot be reached', async () => {
    await expect(copyFile(fleet, { ...sshd.target, port: 1 }, file('/tmp/x', 'x'))).rejects.toBeInstanceOf(Unreachable);
  });
});
