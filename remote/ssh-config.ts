import { readFileSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import Parser from 'ssh-config';

/** What OpenSSH's client configuration says of a host; only what Drover heeds. */
export interface HostConfig {
  hostName?: string;
  user?: string;
  port?: number;
  proxyJump?: string;
  hostKeyAlias?: string;
  identityAgent?: string;
  identitiesOnly: boolean;
  identityFiles: string[];
  knownHosts: string[];
}

/** An OpenSSH client configuration file, read again when it changes. */
export class SshConfig {
  readonly #file: string;
  readonly #mustExist: boolean;
  #stamp = '';
  #parsed: Parser | undefined;
  readonly #hosts = new Map<string, HostConfig>();

  /** Without a file: ~/.ssh/config, which need not exist. */
  constructor(file?: string) {
    this.#file = file ?? path.join(homedir(), '.ssh', 'config');
    this.#mustExist = file !== undefined;
  }

  of(host: string): HostConfig {
    this.#refresh();
    let config = this.#hosts.get(host);
    if (!config) this.#hosts.set(host, (config = this.#parsed ? pick(this.#parsed, host) : nothing()));
    return config;
  }

  #refresh(): void {
    const stats = statSync(this.#file, { throwIfNoEntry: false });
    if (!stats && this.#mustExist) throw new Error(`the SSH configuration file ${this.#file} does not exist`);
    const stamp = stats ? `${stats.mtimeMs} ${stats.size}` : '';
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    this.#hosts.clear();
    this.#parsed = stats && Parser.parse(withIncludes(this.#file));
  }
}

function pick(parsed: Parser, host: string): HostConfig {
  const found = parsed.compute(host, { ignoreCase: true });
  const list = (key: string) => [found[key] ?? []].flat().filter((value) => value !== '' && value !== 'none');
  const one = (key: string) => [found[key] ?? []].flat()[0];
  const port = Number(one('port'));
  return {
    ...given('hostName', one('hostname')),
    ...given('user', one('user')),
    ...(Number.isInteger(port) && port > 0 && { port }),
    ...given('proxyJump', one('proxyjump')),
    ...given('hostKeyAlias', one('hostkeyalias')),
    ...given('identityAgent', one('identityagent')),
    identitiesOnly: one('identitiesonly')?.toLowerCase() === 'yes',
    identityFiles: list('identityfile'),
    knownHosts: list('userknownhostsfile').flatMap((files) => files.split(/\s+/)),
  };
}

function given<Key extends string>(key: Key, value: string | undefined): { [K in Key]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: string };
}

function nothing(): HostConfig {
  return { identitiesOnly: false, identityFiles: [], knownHosts: [] };
}

/** The file's text with its Include lines replaced by what they name: ssh-config leaves them alone. */
function withIncludes(file: string, depth = 0): string {
  if (depth > 16) throw new Error(`${file}: Include goes in a circle`);
  return readFileSync(file, 'utf8').replace(/^[ \t]*Include[ \t=]+(.+)$/gim, (_, patterns: string) =>
    patterns
      .trim()
      .split(/\s+/)
      .flatMap((pattern) => matching(pattern.replaceAll('"', '')))
      .map((included) => withIncludes(included, depth + 1))
      .join('\n'),
  );
}

/** Files that a pattern of Include names; wildcards only in its last part. */
function matching(pattern: string): string[] {
  const full = path.resolve(homedir(), '.ssh', pattern.replace(/^~(?=\/)/, homedir()));
  const name = new RegExp(
    `^${path
      .basename(full)
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );
  const folder = path.dirname(full);
  if (!statSync(folder, { throwIfNoEntry: false })) return [];
  const files = readdirSync(folder).filter((entry) => name.test(entry));
  return files.sort().map((entry) => path.join(folder, entry));
}
