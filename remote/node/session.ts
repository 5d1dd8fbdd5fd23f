import { randomBytes } from 'node:crypto';
import { ContactLost, Refused } from '../errors.ts';
import { within } from '../deadline.ts';
import { AnswerParser, type Part } from './answer.ts';
import type { Channel } from './channel.ts';
import { bootstrap, SCRIPT } from './script.ts';

/** ms: a node says something every 40 s at least while a job runs. */
const SILENCE = 120_000;
/** ms until a shell on the node must have said hello. */
const PATIENCE = 30_000;

/**
 * A shell on the node that takes verbs one after another: for a further job it saves the channel, a process of sshd and
 * reading the script. A job started in it outlives it.
 */
export class Session {
  readonly token: string;
  readonly #channel: Channel;
  readonly #parser: AnswerParser;
  readonly #takeBack: (session: Session) => void;
  /** The shell has said its last word. */
  #isOver = false;

  /** Opens one, and puts the script on the node if it is not there. Throws ContactLost, Refused. */
  static async open(
    exec: (command: string) => Promise<Channel>,
    base: string,
    takeBack: (session: Session) => void,
  ): Promise<Session> {
    if (!/^\/[A-Za-z0-9._/-]+$/.test(base))
      throw new Refused('bad-base', `${base} is not a folder name that can be used on a node`);
    const nonce = randomBytes(8).toString('hex');
    const channel = await exec(bootstrap(base, nonce));
    const parser = new AnswerParser(nonce);
    try {
      return new Session(channel, parser, await greeting(channel, parser, base), takeBack);
    } catch (error) {
      channel.close();
      throw error;
    }
  }

  private constructor(channel: Channel, parser: AnswerParser, token: string, takeBack: (session: Session) => void) {
    this.#takeBack = takeBack;
    this.#channel = channel;
    this.#parser = parser;
    this.token = token;
    channel.err.discard(); // else a session that ends while it is idle would keep its place on the connection
  }

  get ended(): boolean {
    return this.#isOver || this.#channel.out.ended;
  }

  send(verb: string): void {
    this.#channel.write(verb);
  }

  /** Throws ContactLost when the answer breaks off. */
  async next(): Promise<Part> {
    const part = await nextPart(this.#channel, this.#parser, SILENCE);
    if (!part) throw this.#channel.brokenOff();
    // Who says U ends, or speaks for a runner that was killed: what is left of it would keep the channel open, and silent.
    if (part.kind === 'mark' && part.name === 'U') this.#isOver = true;
    return part;
  }

  /** The words of the one line that answers a verb. Throws ContactLost, Refused. */
  async ask(verb: string): Promise<string[]> {
    this.send(verb);
    const part = await this.next();
    if (part.kind === 'mark' && part.name === 'E') throw refused(part.words, '');
    if (part.kind === 'bytes') throw new ContactLost('the answer is out of step');
    return part.words;
  }

  /** We are done with it: it may serve others. */
  giveBack(): void {
    this.#takeBack(this);
  }

  close(): void {
    this.#channel.close();
  }
}

async function greeting(channel: Channel, parser: AnswerParser, base: string): Promise<string> {
  for (;;) {
    const part = await nextPart(channel, parser, PATIENCE);
    if (!part) throw await noGreeting(channel, parser);
    if (part.kind === 'mark' && part.name === 'B') return part.words[0] ?? '';
    if (part.kind === 'mark' && part.name === 'I') channel.write(SCRIPT);
    else
      throw part.kind === 'mark' && part.name === 'E'
        ? refused(part.words, base)
        : new ContactLost('the answer is out of step');
  }
}

async function nextPart(channel: Channel, parser: AnswerParser, silence: number): Promise<Part | undefined> {
  for (;;) {
    const part = parser.next();
    if (part) return part;
    const chunk = await channel.out.next(silence);
    if (!chunk) return undefined;
    parser.push(chunk);
  }
}

/** Without an exit code the connection broke; with one, the account has no shell that runs commands. */
async function noGreeting(channel: Channel, parser: AnswerParser): Promise<Error> {
  channel.err.endWhenQuiet(PATIENCE);
  const complaint = (await channel.err.next())?.toString().trim();
  channel.err.discard();
  await within(PATIENCE, channel.closed, () => new ContactLost('the node does not close the channel'));
  if (parser.started || channel.exitCode === undefined) return channel.brokenOff();
  const said = [complaint, parser.noise].filter(Boolean).join(' ');
  const how = said ? `it said "${said}"` : `it ended with code ${channel.exitCode}`;
  return new Refused('no-shell', `the login shell on the node did not run /bin/sh: ${how}`);
}

/** What a node's refusals mean, said for a person. */
export function refused([code = 'no-reason']: string[], base: string): Refused {
  const folder = base || 'the folder for commands';
  const sentences: Record<string, string> = {
    'no-space': 'there is no space left on the node to start a command (/var/tmp)',
    'base-is-a-link': `${folder} on the node is a symbolic link: remove it`,
    'base-closed': `${folder} on the node cannot be made or entered`,
    'base-foreign': `${folder} on the node belongs to somebody else: remove it`,
    'base-open': `${folder} on the node can be entered by others: make it mode 700, or remove it`,
    'no-upload': `${folder} on the node took no upload: is its disk full?`,
    'no-store': `${folder} on the node is incomplete: remove it`,
    'no-setsid': 'the node has no setsid command (package util-linux)',
    'unsupported-shell': '/bin/sh on the node is zsh or mksh: dash, bash or busybox is needed',
  };
  return new Refused(code, sentences[code] ?? `the node refused: ${code}`);
}
