import { textsAt } from '../model/json-path.ts';
import { outcomeOf, failed, unknown } from './outcomes.ts';
import { isTrouble, orTrouble } from './polling.ts';
import { Unclear, type ActCall, type Acted, type ActOutcome } from './provider.ts';
import { jsonOf } from './reply.ts';

/** How a mark begins: `?` asked, `=` answered (with what), `!` turned down (with why). */
const ASKED = '?';
const ANSWERED = '=';
const TURNED_DOWN = '!';

const LOST = 'the worker was interrupted before the reply: nobody knows whether it was carried out';

/** Requests of an act that must not be made twice, one for each machine, and what is known of them, kept through its call. */
export class Kept {
  readonly #call: ActCall;
  readonly #marks: Map<string, string>;
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(call: ActCall) {
    this.#call = call;
    const texts = call.kept === undefined ? [] : textsAt(jsonOf(call.kept) ?? null, '[*][*]');
    this.#marks = new Map(texts.flatMap((id, i) => (i % 2 === 0 ? [[id, texts[i + 1] ?? '']] : [])));
  }

  /**
   * Makes the machine's request, unless an earlier attempt has: what `send` gave then or gives now, or the outcome when that
   * will never be known.
   */
  async once(machine: Acted, send: () => Promise<string>): Promise<{ answer: string } | ActOutcome> {
    const mark = this.#marks.get(machine.id);
    if (mark?.startsWith(ANSWERED)) return { answer: mark.slice(1) };
    if (mark?.startsWith(TURNED_DOWN)) return failed(machine, mark.slice(1));
    if (mark !== undefined) return unknown(machine, LOST);
    await this.#mark(machine.id, ASKED);
    const answer = await orTrouble(send);
    if (!isTrouble(answer)) await this.#mark(machine.id, ANSWERED + answer);
    else if (!(answer instanceof Unclear)) await this.#mark(machine.id, TURNED_DOWN + answer.message);
    return isTrouble(answer) ? outcomeOf(machine, answer) : { answer };
  }

  /** Durable when it resolves. Marks that come while others are being written are written together. */
  async #mark(id: string, mark: string): Promise<void> {
    this.#marks.set(id, mark);
    this.#next ??= this.#writing.then(() => {
      this.#next = undefined;
      return (this.#writing = this.#call.keep(JSON.stringify([...this.#marks])));
    });
    await this.#next;
  }
}
