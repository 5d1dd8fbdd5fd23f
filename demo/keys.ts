import ssh2, { type ParsedKey } from 'ssh2';

/** A key pair made for this run alone. */
export interface KeyPair {
  /** In OpenSSH's format, for a file. */
  private: string;
  /** `ssh-ed25519 AAAA…` */
  public: string;
  parsed: ParsedKey;
}

export function newKeyPair(): KeyPair {
  const pair = ssh2.utils.generateKeyPairSync('ed25519');
  const parsed = ssh2.utils.parseKey(pair.private);
  if (parsed instanceof Error) throw parsed;
  return { private: pair.private, public: pair.public, parsed };
}
