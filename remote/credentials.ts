import { readFileSync, statSync } from 'node:fs';
import type { AnyAuthMethod } from 'ssh2';
import ssh2 from 'ssh2';
import { messageOf, Unreachable } from './errors.ts';
import { nameOf, type Destination } from './target.ts';

export interface Credentials {
  methods: AnyAuthMethod[];
  /** What is tried, and what could not be, for the message when the server takes none. */
  tried: string;
}

type ParsedKey = Exclude<ReturnType<typeof ssh2.utils.parseKey>, Error>;
type KeyFile = { key: ParsedKey } | { problem: string };

/** Private keys, parsed once for as long as their files stay as they are. */
export class KeyRing {
  readonly #files = new Map<string, { stamp: string; content: KeyFile }>();

  /** Named key files before the agent, the agent before the usual files. Throws Unreachable when there is nothing to try. */
  credentials(destination: Destination): Credentials {
    const { user, agent, identityFiles, identitiesNamed } = destination;
    const keys = identityFiles.map((file) => ({ file, content: this.#read(file) }));
    const usable = keys.flatMap(({ file, content }) => ('key' in content ? [{ file, key: content.key }] : []));
    const problems = keys.flatMap(({ file, content }) =>
      'problem' in content && (identitiesNamed || content.problem !== MISSING) ? [`${file} ${content.problem}`] : [],
    );
    const fromFiles = usable.map(({ key }): AnyAuthMethod => ({ type: 'publickey', username: user, key }));
    const fromAgent: AnyAuthMethod[] = agent === undefined ? [] : [{ type: 'agent', username: user, agent }];
    const agentName = agent === undefined ? [] : [`the agent at ${agent}`];
    const fileNames = usable.map(({ file }) => file);
    const names = identitiesNamed ? [...fileNames, ...agentName] : [...agentName, ...fileNames];
    const aside = problems.length > 0 ? ` (${problems.join('; ')})` : '';
    if (names.length === 0) {
      throw new Unreachable(
        `there is no key to log in with as ${nameOf(destination)}${aside}: name one with identityFile, or start an SSH agent`,
      );
    }
    return {
      methods: identitiesNamed ? [...fromFiles, ...fromAgent] : [...fromAgent, ...fromFiles],
      tried: names.join(', ') + aside,
    };
  }

  #read(file: string): KeyFile {
    const stats = statSync(file, { throwIfNoEntry: false });
    const stamp = stats ? `${stats.mtimeMs} ${stats.size}` : '';
    const before = this.#files.get(file);
    if (before?.stamp === stamp) return before.content;
    const content = readKey(file);
    this.#files.set(file, { stamp, content });
    return content;
  }
}

const MISSING = 'does not exist';

function readKey(file: string): KeyFile {
  let text: Buffer;
  try {
    text = readFileSync(file);
  } catch (error) {
    return {
      problem: (error as NodeJS.ErrnoException).code === 'ENOENT' ? MISSING : `cannot be read: ${messageOf(error)}`,
    };
  }
  const [key] = [ssh2.utils.parseKey(text)].flat(); // OpenSSH's own format comes as a list of one
  if (key instanceof Error && /passphrase|encrypted/i.test(key.message))
    return { problem: 'has a passphrase: add it to the agent' };
  if (key === undefined || key instanceof Error)
    return { problem: `is not a private key that can be used: ${key?.message ?? 'empty'}` };
  return key.isPrivateKey() ? { key } : { problem: 'is a public key: name the private one' };
}
