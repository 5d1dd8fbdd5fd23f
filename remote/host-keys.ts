import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { Unreachable } from './errors.ts';
import { fingerprint, KnownHostsFile, keyType, listedName, type KnownHost } from './known-hosts.ts';
import type { Destination } from './target.ts';

/** The names under which one type of key is offered in the handshake: an RSA key signs in three ways. */
const ALGORITHMS: Record<string, string[]> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
};

/** Decides whether the key that a server shows is the one it is known by. */
export class HostKeys {
  readonly #files = new Map<string, KnownHostsFile>();
  readonly #pinnedHosts: string | undefined;

  /** Keys accepted on first use are appended to `pinnedHosts`. */
  constructor(pinnedHosts: string | undefined) {
    this.#pinnedHosts = pinnedHosts;
  }

  /** The algorithms to ask for, those of known keys first: a server with several keys then shows the one we can check. */
  algorithms(destination: Destination): string[] {
    const { listed, bare } = this.#known(destination);
    const types = (listed.length > 0 ? listed : bare).map((entry) => entry.type);
    const all = Object.keys(ALGORITHMS);
    const ordered = new Set([...all.filter((type) => types.includes(type)), ...all]);
    return [...ordered].flatMap((type) => ALGORITHMS[type] ?? []);
  }

  /** Throws Unreachable, saying what differs from what and what to do, unless the key may be trusted. */
  check(destination: Destination, key: Buffer): void {
    const { listed, bare } = this.#known(destination);
    const same = [...listed, ...bare].filter((entry) => entry.key.equals(key));
    const revoked = same.find((entry) => entry.marker === 'revoked');
    if (revoked) throw new Unreachable(revokedMessage(destination, key, revoked));
    if (same.some((entry) => entry.marker === undefined)) return;
    const other = listed.find((entry) => entry.marker === undefined && entry.type === keyType(key));
    if (other) throw new Unreachable(changedMessage(destination, key, other));
    if (destination.hostKeys === 'strict') throw new Unreachable(unknownMessage(destination, key, listed));
    this.#pin(destination, key);
  }

  /** With a port other than 22, a line for the bare host will do when its key is the same, as with OpenSSH. */
  #known(destination: Destination): { listed: KnownHost[]; bare: KnownHost[] } {
    const { hostKeyAlias, port } = destination;
    const files = this.#filesFor(destination);
    const find = (name: string) => files.flatMap((file) => file.find(name));
    return { listed: find(listedName(hostKeyAlias, port)), bare: port === 22 ? [] : find(hostKeyAlias) };
  }

  #filesFor({ knownHosts, hostKeys }: Destination): KnownHostsFile[] {
    const pinned = hostKeys === 'first-use' && this.#pinnedHosts !== undefined ? [this.#pinnedHosts] : [];
    return [...pinned, ...knownHosts].map((name) => {
      let file = this.#files.get(name);
      if (!file) this.#files.set(name, (file = new KnownHostsFile(name)));
      return file;
    });
  }

  #pin({ hostKeyAlias, port }: Destination, key: Buffer): void {
    if (this.#pinnedHosts === undefined) {
      throw new Unreachable(
        `host keys are to be pinned on first use, and there is no file to keep them in (pinnedHosts)`,
      );
    }
    mkdirSync(path.dirname(this.#pinnedHosts), { recursive: true });
    const line = `${listedName(hostKeyAlias, port)} ${keyType(key)} ${key.toString('base64')}\n`;
    appendFileSync(this.#pinnedHosts, line, { mode: 0o600 });
  }
}

function changedMessage({ hostKeyAlias, port }: Destination, key: Buffer, other: KnownHost): string {
  const name = listedName(hostKeyAlias, port);
  return (
    `the host key of ${name} has changed: ${other.file}:${other.line} has ${other.type} ${fingerprint(other.key)}, ` +
    `the server shows ${keyType(key)} ${fingerprint(key)}. If the machine was made anew, replace that line ` +
    `(ssh-keygen -f ${other.file} -R '${name}', then add the new key); if not, somebody may be listening in`
  );
}

function unknownMessage({ hostKeyAlias, port, knownHosts }: Destination, key: Buffer, known: KnownHost[]): string {
  const name = listedName(hostKeyAlias, port);
  const authority = known.find((entry) => entry.marker === 'cert-authority');
  const otherType = known.find((entry) => entry.marker === undefined);
  const near = authority
    ? `; ${authority.file}:${authority.line} names a certificate authority for it, which cannot be checked here`
    : otherType
      ? `; ${otherType.file}:${otherType.line} has ${otherType.type} ${fingerprint(otherType.key)} for it`
      : '';
  return (
    `the host key of ${name} is not known: the server shows ${keyType(key)} ${fingerprint(key)}, ` +
    `and that key is not in ${knownHosts[0] ?? 'any known_hosts file'}${near}. ` +
    `Compare the fingerprint with the machine's own, then add the key (ssh-keyscan -p ${port} ${hostKeyAlias} >> ` +
    `${knownHosts[0] ?? 'FILE'}), or set hostKeys: first-use`
  );
}

function revokedMessage({ hostKeyAlias, port }: Destination, key: Buffer, entry: KnownHost): string {
  return (
    `the host key of ${listedName(hostKeyAlias, port)}, ${keyType(key)} ${fingerprint(key)}, ` +
    `is revoked by ${entry.file}:${entry.line}: the machine needs a new key`
  );
}
