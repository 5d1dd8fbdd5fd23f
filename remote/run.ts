import { setTimeout as delay } from 'node:timers/promises';
import { askCancel } from './cancel.ts';
import type { Contact } from './contact.ts';
import { within } from './deadline.ts';
import { ContactLost, messageOf, Refused, Unreachable } from './errors.ts';
import type { Part, Stream } from './node/answer.ts';
import { refused, type Session } from './node/session.ts';
import { nodeJobId, verbs } from './node/verbs.ts';
import { outcomeOfEnd, unknownOutcome, type Outcome } from './outcome.ts';

/** A command that runs at most once on its node, whatever breaks in between. */
export interface Job {
  /** Any string; the same id never runs twice. */
  id: string;
  /** For /bin/sh. */
  script: string;
  /** Seconds until it is killed with all its children, 0 for none; fractions count as whole seconds. */
  limit: number;
  /** No trace of it in a list of processes. Jobs always go over standard input, so this is true of all of them. */
  confidential?: boolean;
  /** What `begin` was once told: the job may have been sent before. */
  token?: string;
  /** Bytes of its output already held. */
  from: { out: number; err: number };
}

/** What the caller keeps durably. */
export interface Journal {
  /** Resolves when `token` is durable; only then the job is sent. Not called for a job that has a token. */
  begin(token: string): Promise<void>;
  /** Takes output, in order, each byte once. Nothing more is read from the node until it resolves. */
  output(stream: Stream, offset: number, bytes: Buffer): Promise<void>;
}

/** We let go of a job, which goes on or was never sent: run it again with the same id to pick it up. */
export class LeftRunning extends Error {
  override name = 'LeftRunning';
}

interface RunParts {
  fleet: { readonly closed: boolean };
  contact: Contact;
  job: Job;
  journal: Journal;
  /** ms after losing contact until the outcome is unknown. */
  reconnectWithin: number;
}

/** ms from the wish to cancel until we say that it could not be confirmed. */
const CONFIRM_WITHIN = 12_000;
/** ms at most between two tries to reach a node again. */
const LONGEST_PAUSE = 5000;

/** One job on its way: sent, followed, picked up again after lost connections, to its outcome. */
export class Run {
  readonly #parts: RunParts;
  readonly #id: string;
  readonly #held: { out: number; err: number };
  #token: string | undefined;
  /** Whether the node may have got it. */
  #sent: boolean;
  #session: Session | undefined;
  #lost: { since: number; why: string; last: string } | undefined;
  #triesInVain = 0;
  #cancelled = false;
  /** The node said that it killed the command, or that there is none. */
  #confirmed = false;
  #over = false;
  #decide: { resolve: (outcome: Outcome) => void; reject: (error: Error) => void } | undefined;
  readonly #decided: Promise<Outcome>;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#id = nodeJobId(parts.job.id);
    this.#held = { ...parts.job.from };
    this.#token = parts.job.token;
    this.#sent = parts.job.token !== undefined;
    this.#decided = new Promise((resolve, reject) => (this.#decide = { resolve, reject }));
    this.#decided.catch(() => {}); // nobody may be waiting
  }

  /** What `leave`, or a `cancel` that nobody confirms, decides overtakes what the node has to say. */
  async outcome(): Promise<Outcome> {
    try {
      return await Promise.race([this.#follow(), this.#decided]);
    } finally {
      this.#over = true;
      this.#session?.close(); // there only when overtaken
    }
  }

  leave(): void {
    this.#over = true;
    this.#decide?.reject(new LeftRunning('let go of: it goes on on the node'));
  }

  cancel(): void {
    this.#cancelled = true;
    if (!this.#sent) {
      this.#over = true;
      this.#decide?.resolve({ kind: 'cancelled', confirmed: true, reason: 'it had not been started' });
      return;
    }
    setTimeout(() => this.#decide?.resolve(this.#cancelledAsFarAsKnown()), CONFIRM_WITHIN).unref();
    if (this.#session) void this.#cancelBeside();
  }

  async #follow(): Promise<Outcome> {
    for (;;) {
      try {
        return await this.#attach();
      } catch (error) {
        const outcome = this.#afterTrouble(error);
        if (outcome) return outcome;
      }
      const pause = Math.min(LONGEST_PAUSE, 100 * 2 ** this.#triesInVain++);
      await delay(Math.min(pause * (0.5 + Math.random()), this.#timeLeft()));
    }
  }

  /** Sends the job, which starts it or attaches to it at the bytes we hold, and hears it to its end. */
  async #attach(): Promise<Outcome> {
    const { journal, job } = this.#parts;
    const session = await this.#reach();
    try {
      if (this.#token === undefined) {
        await journal.begin(session.token);
        this.#token = session.token;
      }
      this.#refuseIfOver();
      if (this.#cancelled) await this.#cancelOver(session);
      this.#session = session;
      this.#sent = true;
      session.send(verbs.job({ ...job, id: this.#id, token: this.#token, from: this.#held }));
      const outcome = await this.#hear(session);
      session.giveBack();
      return outcome;
    } catch (error) {
      session.close();
      throw error;
    } finally {
      this.#session = undefined;
    }
  }

  async #reach(): Promise<Session> {
    const pending = this.#parts.contact.session();
    try {
      const session = await (this.#lost
        ? within(this.#timeLeft(), pending, () => new TooLate('no answer in that time'))
        : pending);
      this.#refuseIfOver();
      return session;
    } catch (error) {
      pending.then(
        (session) => session.giveBack(),
        () => {},
      ); // it may come yet
      throw error;
    }
  }

  async #hear(session: Session): Promise<Outcome> {
    for (;;) {
      const part = await session.next();
      this.#refuseIfOver();
      this.#lost = undefined;
      this.#triesInVain = 0;
      if (part.kind === 'bytes') {
        await this.#keep(part);
        continue;
      }
      const outcome = this.#read(part.name, part.words);
      if (outcome) return outcome;
    }
  }

  async #keep({ stream, offset, bytes }: Extract<Part, { kind: 'bytes' }>): Promise<void> {
    if (offset !== this.#held[stream]) throw new ContactLost('the answer is out of step');
    await this.#parts.journal.output(stream, offset, bytes);
    this.#held[stream] += bytes.length;
    this.#refuseIfOver();
  }

  #read(name: string, words: string[]): Outcome | undefined {
    switch (name) {
      case 'X':
        return this.#ended(words);
      case 'U':
        if (this.#cancelled && this.#confirmed) return this.#cancelledAsFarAsKnown();
        return unknownOutcome(words[1] ?? '', this.#parts.contact.base);
      case 'E':
        throw refused(words, this.#parts.contact.base);
      default:
        return undefined; // S it runs, H it still does
    }
  }

  /** `X id code out err flags`: the sizes tell whether we got every byte. */
  #ended([id, code, out, err, flagList = '']: string[]): Outcome {
    const flags = flagList.split(',');
    const { out: heldOut, err: heldErr } = this.#held;
    const all = heldOut === Number(out) && heldErr === Number(err);
    const more = flags.includes('held') && heldOut >= Number(out) && heldErr >= Number(err); // a background process goes on
    if (id !== this.#id || (!all && !more)) throw new ContactLost('the answer is out of step');
    return outcomeOfEnd(Number(code), flags);
  }

  /** Undefined: try again. Throws what is not trouble with the node. */
  #afterTrouble(error: unknown): Outcome | undefined {
    if (this.#over) throw error;
    if (!(error instanceof ContactLost || error instanceof Unreachable || error instanceof Refused)) throw error;
    if (this.#parts.fleet.closed) throw new LeftRunning('the connections are being closed: it goes on on the node');
    const reason = messageOf(error);
    if (!this.#sent && !(error instanceof ContactLost)) return { kind: 'unreachable', reason };
    if (error instanceof Refused && error.code === 'no-space') return { kind: 'unreachable', reason }; // it took no claim
    const lost = (this.#lost ??= { since: Date.now(), why: reason, last: reason });
    if (!(error instanceof TooLate)) lost.last = reason;
    if (this.#timeLeft() > 0) return undefined;
    return this.#sent ? this.#outOfReach(lost) : { kind: 'unreachable', reason };
  }

  /** ms until the outcome is unknown; 0 or less when it is. */
  #timeLeft(): number {
    return this.#lost ? this.#lost.since + this.#parts.reconnectWithin - Date.now() : Infinity;
  }

  #outOfReach({ why, last }: { why: string; last: string }): Outcome {
    const seconds = Math.round(this.#parts.reconnectWithin / 1000);
    const reason =
      why === last
        ? `could not reach the node for ${seconds} s: ${last}`
        : `lost the connection (${why}) and could not reach the node again for ${seconds} s: ${last}`;
    return { kind: 'unknown', reason: `${reason}; the command may still be running there` };
  }

  /** On another channel, while the job's own is busy with its output. */
  async #cancelBeside(): Promise<void> {
    const { contact } = this.#parts;
    while (!this.#over && !this.#confirmed) {
      try {
        const session = await contact.control();
        await this.#cancelOver(session);
        session.giveBack();
      } catch {
        await delay(500, undefined, { ref: false }); // until CONFIRM_WITHIN is over
      }
    }
  }

  async #cancelOver(session: Session): Promise<void> {
    await askCancel(session, this.#id);
    this.#confirmed = true;
  }

  #cancelledAsFarAsKnown(): Outcome {
    if (this.#confirmed) return { kind: 'cancelled', confirmed: true, reason: 'it was killed on the node' };
    const why = this.#lost ? `: ${this.#lost.why}` : '';
    return {
      kind: 'cancelled',
      confirmed: false,
      reason: `the node did not confirm that it was killed${why}; it may still be running there`,
    };
  }

  #refuseIfOver(): void {
    if (this.#over) throw new LeftRunning('let go of: it goes on on the node');
  }
}

/** Our patience came to its end before the try did, which says less than what earlier tries said. */
class TooLate extends Unreachable {}
