import { homedir, userInfo } from 'node:os';
import path from 'node:path';
import type { SshConfig } from './ssh-config.ts';

/** One machine as the caller names it. What is not given comes from the worker's OpenSSH client configuration. */
export interface Target {
  address: string;
  port?: number;
  user?: string;
  identityFile?: string;
  knownHosts?: string;
  /** Jump hosts, as OpenSSH's ProxyJump: `[user@]host[:port]`, several separated by commas, the nearest first. */
  via?: string;
  hostKeys?: 'strict' | 'first-use';
}

/** A target with everything decided that is needed to log in. */
export interface Destination {
  host: string;
  port: number;
  user: string;
  /** The name under which known_hosts files list it. */
  hostKeyAlias: string;
  /** Absolute paths, in the order in which they are tried. */
  identityFiles: string[];
  /** True when the caller or ssh_config names the files; the usual ones in ~/.ssh are tried after the agent. */
  identitiesNamed: boolean;
  /** The agent's socket. */
  agent: string | undefined;
  knownHosts: string[];
  hostKeys: 'strict' | 'first-use';
  via: Destination | undefined;
}

const USUAL_KEYS = ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa'];
const USUAL_KNOWN_HOSTS = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'];
const GLOBAL_KNOWN_HOSTS = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];
const MOST_JUMPS = 8;

/** The target's own fields first, then ssh_config, then the worker's user and port 22. */
export function resolveTarget(target: Target, config: SshConfig): Destination {
  return resolve(target, config, MOST_JUMPS);
}

function resolve(target: Target, config: SshConfig, jumpsLeft: number): Destination {
  const host = config.of(target.address);
  const user = target.user ?? host.user ?? userInfo().username;
  const hostName = (host.hostName ?? target.address).replaceAll('%h', target.address).replaceAll('%%', '%');
  const expand = (file: string) => expandPath(file, { host: hostName, user });
  const named = target.identityFile === undefined ? host.identityFiles : [target.identityFile];
  const knownHosts = target.knownHosts === undefined ? host.knownHosts : [target.knownHosts];
  const agent = host.identityAgent ?? process.env.SSH_AUTH_SOCK;
  return {
    host: hostName,
    port: target.port ?? host.port ?? 22,
    user,
    hostKeyAlias: host.hostKeyAlias ?? hostName,
    identityFiles: (named.length > 0 ? named : USUAL_KEYS).map(expand),
    identitiesNamed: named.length > 0,
    agent: agent === undefined || agent === 'none' || agent === '' || host.identitiesOnly ? undefined : expand(agent),
    knownHosts: [...(knownHosts.length > 0 ? knownHosts : USUAL_KNOWN_HOSTS).map(expand), ...GLOBAL_KNOWN_HOSTS],
    hostKeys: target.hostKeys ?? 'strict',
    via: lastJump(target, target.via ?? host.proxyJump, config, jumpsLeft),
  };
}

/** The jump host next to the target, itself reached by way of those before it. */
function lastJump(
  target: Target,
  via: string | undefined,
  config: SshConfig,
  jumpsLeft: number,
): Destination | undefined {
  if (via === undefined || via === '' || via === 'none') return undefined;
  if (jumpsLeft === 0) throw new Error(`${target.address} is reached by way of more than ${MOST_JUMPS} jump hosts`);
  const [last = '', ...before] = via
    .split(',')
    .map((hop) => hop.trim())
    .reverse();
  const hop = parseHop(last);
  const host = config.of(hop.address);
  return resolve(
    {
      ...hop,
      ...(target.hostKeys && { hostKeys: target.hostKeys }),
      ...(target.identityFile !== undefined &&
        host.identityFiles.length === 0 && { identityFile: target.identityFile }),
      ...(target.knownHosts !== undefined && host.knownHosts.length === 0 && { knownHosts: target.knownHosts }),
      ...(before.length > 0 && { via: before.reverse().join(',') }),
    },
    config,
    jumpsLeft - 1,
  );
}

/** `[user@]host[:port]`, an IPv6 address in brackets, with or without `ssh://`. */
export function parseHop(text: string): { address: string; user?: string; port?: number } {
  const match = /^(?:ssh:\/\/)?(?:(.+)@)?(?:\[([^\]]+)\]|([^:[\]]+|[^[\]]*:[^[\]]*:[^[\]]*))(?::(\d+))?\/?$/.exec(text);
  const address = match?.[2] ?? match?.[3];
  if (!match || address === undefined) throw new Error(`"${text}" is not a jump host: expected [user@]host[:port]`);
  return {
    address,
    ...(match[1] !== undefined && { user: match[1] }),
    ...(match[4] !== undefined && { port: Number(match[4]) }),
  };
}

/** `~`, and the tokens of ssh_config that make sense for files: %d %h %r %u %%. */
function expandPath(file: string, { host, user }: { host: string; user: string }): string {
  const tokens: Record<string, string> = { d: homedir(), h: host, r: user, u: userInfo().username, '%': '%' };
  const expanded = file
    .replace(/%([dhru%])/g, (_, token: string) => tokens[token] ?? '')
    .replace(/^~(?=\/|$)/, homedir());
  return path.resolve(expanded);
}

/** How people name it: `deploy@10.0.0.1:22`. */
export function nameOf({ user, host, port }: Destination): string {
  return `${user}@${addressOf({ host, port })}`;
}

export function addressOf({ host, port }: { host: string; port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
