import { createHash, createHmac } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';

/** One line of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
export interface KnownHost {
  marker: 'revoked' | 'cert-authority' | undefined;
  patterns: string[];
  type: string;
  key: Buffer;
  file: string;
  line: number;
}

/** A known_hosts file, read again when it changes. A missing one knows nobody. */
export class KnownHostsFile {
  readonly file: string;
  #stamp = '';
  #byName = new Map<string, KnownHost[]>();
  #others: KnownHost[] = [];

  constructor(file: string) {
    this.file = file;
  }

  /** The lines for a host, as files list it: `host`, or `[host]:port` where the port is not 22. */
  find(name: string): KnownHost[] {
    this.#refresh();
    const others = this.#others.filter((entry) => matches(entry.patterns, name));
    return [...(this.#byName.get(name.toLowerCase()) ?? []), ...others].sort((a, b) => a.line - b.line);
  }

  #refresh(): void {
    const stats = statSync(this.file, { throwIfNoEntry: false });
    const stamp = stats ? `${stats.mtimeMs} ${stats.size}` : '';
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    this.#byName = new Map();
    this.#others = [];
    for (const entry of stats ? parseKnownHosts(readFileSync(this.file, 'utf8'), this.file) : []) this.#add(entry);
  }

  /** Plain names, nearly all there are in big files, are found without looking at every line. */
  #add(entry: KnownHost): void {
    if (entry.patterns.some((pattern) => /[*?!|]/.test(pattern))) {
      this.#others.push(entry);
      return;
    }
    for (const name of new Set(entry.patterns.map((pattern) => pattern.toLowerCase()))) {
      const entries = this.#byName.get(name);
      if (entries) entries.push(entry);
      else this.#byName.set(name, [entry]);
    }
  }
}

/** Lines that make no sense are passed over, as OpenSSH does. */
function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line.trim().split(/\s+/);
    const marker = /^@(revoked|cert-authority)$/.exec(words[0] ?? '')?.[1] as KnownHost['marker'];
    const [patterns, type, key] = marker ? words.slice(1) : words;
    if (!patterns || patterns.startsWith('#') || patterns.startsWith('@') || !type || !key) return [];
    const blob = Buffer.from(key, 'base64');
    if (keyType(blob) !== type) return [];
    return [{ marker, patterns: patterns.split(','), type, key: blob, file, line: index + 1 }];
  });
}

/** The type a public key names in its own first field. */
export function keyType(key: Buffer): string {
  const length = key.length < 4 ? 0 : key.readUInt32BE(0);
  return key.subarray(4, 4 + length).toString('latin1');
}

/** As ssh-keygen -l prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** How known_hosts files name a host. */
export function listedName(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

/** A negated pattern that matches overrides all others. */
function matches(patterns: string[], name: string): boolean {
  const negated = patterns.filter((pattern) => pattern.startsWith('!'));
  if (negated.some((pattern) => matchesOne(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && matchesOne(pattern, name));
}

function matchesOne(pattern: string, name: string): boolean {
  const [, scheme, salt, hash] = pattern.startsWith('|') ? pattern.split('|') : [];
  if (scheme === '1' && salt && hash) {
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest().equals(Buffer.from(hash, 'base64'));
  }
  const glob = pattern
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${glob}$`).test(name.toLowerCase());
}
