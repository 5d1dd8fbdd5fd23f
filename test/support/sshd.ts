import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import type { Target } from '../../remote/target.ts';
import { eventually } from './eventually.ts';

export interface SshdOptions {
  /** Addresses to listen on, each one a node. */
  addresses?: string[];
  /** Or how many; 127.1.x.y. */
  count?: number;
  /** Further lines of sshd_config, which override those here (the first one counts). */
  config?: string[];
  /** Runs commands by this shell, as if it were the user's login shell. */
  loginShell?: string;
  /** What comes after `Subsystem`; SFTP when not given. */
  subsystems?: string[];
  /** Kinds of host key; one, ed25519, when not given. */
  hostKeyTypes?: ('ed25519' | 'ecdsa' | 'rsa')[];
}

export interface SshdFleet {
  targets: Target[];
  /** The first of them. */
  target: Target;
  user: string;
  knownHosts: string;
  identityFile: string;
  /** Public host keys, as known_hosts has them: type and base64. */
  hostKeys: string[];
  port: number;
  /** Where the daemon's keys and settings are. */
  folder: string;
  /** A folder that commands may write to. */
  work: string;
  stop: () => Promise<void>;
}

const NODES_A_DAEMON = 16; // OpenSSH listens on 16 sockets at most
const TEST_USER = 'drover-test';

/** A fleet of real OpenSSH servers on loopback addresses, whose nodes share this machine and one login user. */
export async function startSshd(options: SshdOptions = {}): Promise<SshdFleet> {
  const folder = mkdtempSync(path.join(tmpdir(), 'drover-sshd-'));
  chmodSync(folder, 0o755);
  const work = path.join(folder, 'work');
  mkdirSync(work);
  chmodSync(work, 0o1777);
  const user = loginUser();
  const keys = makeKeys(folder, options.hostKeyTypes ?? ['ed25519']);
  const addresses = options.addresses ?? loopbackAddresses(options.count ?? 1);
  const port = await freePort();
  const knownHosts = path.join(folder, 'known_hosts');
  const lines = addresses.flatMap((address) => keys.hostKeys.map((key) => `[${address}]:${port} ${key}\n`));
  writeFileSync(knownHosts, lines.join(''));
  const daemons: ChildProcess[] = [];
  for (let i = 0; i < addresses.length; i += NODES_A_DAEMON) {
    daemons.push(startDaemon(folder, i, port, addresses.slice(i, i + NODES_A_DAEMON), user, options));
  }
  const stop = async () => {
    await Promise.all(daemons.map(stopDaemon));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(addresses.map((address) => eventually(() => answers(address, port), { within: 10_000 })));
  } catch (error) {
    await stop();
    throw error;
  }
  const targets = addresses.map((address) => ({ address, port, user, identityFile: keys.identityFile, knownHosts }));
  const [target] = targets;
  if (!target) throw new Error('a fleet needs a node');
  return { ...keys, targets, target, user, knownHosts, port, folder, work, stop };
}

/** As root, a user of its own, so that permissions and sudo can be tested; else whoever runs the tests. */
function loginUser(): string {
  if (process.getuid?.() !== 0) return userInfo().username;
  try {
    execFileSync('id', ['-u', TEST_USER], { stdio: 'ignore' });
  } catch {
    execFileSync('useradd', ['--create-home', '--shell', '/bin/sh', '--password', '*', TEST_USER], { stdio: 'ignore' });
  }
  return TEST_USER;
}

function makeKeys(folder: string, hostKeyTypes: string[]): { identityFile: string; hostKeys: string[] } {
  const identityFile = path.join(folder, 'id');
  makeKey(identityFile, 'ed25519');
  writeFileSync(path.join(folder, 'authorized_keys'), readFileSync(`${identityFile}.pub`), { mode: 0o644 });
  const hostKeys = hostKeyTypes.map((type) => {
    const file = path.join(folder, `host-${type}`);
    makeKey(file, type);
    return readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  });
  return { identityFile, hostKeys };
}

export function makeKey(file: string, type = 'ed25519'): void {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', '', '-f', file]);
}

function startDaemon(
  folder: string,
  number: number,
  port: number,
  addresses: string[],
  user: string,
  { config = [], loginShell, subsystems = ['sftp internal-sftp'], hostKeyTypes = ['ed25519'] }: SshdOptions,
): ChildProcess {
  const file = path.join(folder, `sshd-${number}.conf`);
  const lines = [
    ...config,
    `Port ${port}`,
    ...addresses.map((address) => `ListenAddress ${address}`),
    ...hostKeyTypes.map((type) => `HostKey ${folder}/host-${type}`),
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    `PidFile ${file}.pid`,
    `AllowUsers ${user}`,
    'StrictModes no',
    'UsePAM no',
    'UseDNS no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PrintMotd no',
    'MaxStartups 500:30:1000',
    ...subsystems.map((subsystem) => `Subsystem ${subsystem}`),
    'LogLevel ERROR',
    ...(loginShell === undefined ? [] : [`ForceCommand exec ${loginShell} -c "$SSH_ORIGINAL_COMMAND"`]),
  ];
  writeFileSync(file, lines.join('\n') + '\n');
  if (process.getuid?.() === 0 && !existsSync('/run/sshd')) mkdirSync('/run/sshd', { mode: 0o755 });
  return spawn('/usr/sbin/sshd', ['-D', '-f', file, '-E', `${file}.log`], { stdio: 'ignore' });
}

/** Connections that it serves go on until their clients end. */
async function stopDaemon(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill();
  await ended;
}

/** 127.1.x.y, others each time, so that fleets of test files that run side by side do not meet. */
function loopbackAddresses(count: number): string[] {
  const block = 1 + Math.floor(Math.random() * 200);
  return Array.from({ length: count }, (_, i) => `127.${block}.${1 + Math.floor(i / 250)}.${1 + (i % 250)}`);
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(address: string, port: number): Promise<void> {
  const socket = net.connect({ host: address, port });
  try {
    await new Promise((resolve, reject) => {
      socket.once('data', resolve).once('error', reject).once('close', reject);
    });
  } finally {
    socket.destroy();
  }
}
