import { createHash } from 'node:crypto';
import type { TokenRow, Tokens } from '../../store/access.ts';

/** ms that the store's word is good for: how long a token that another server revoked still works here. */
const GOOD_FOR = 3000;
/** Tokens remembered at most. */
const REMEMBERED = 1000;

type Source = Pick<Tokens, 'find' | 'count'>;

/** The store's tokens, asked for at most every few seconds, so that not every request waits for a query. */
export class KnownTokens {
  readonly #tokens: Source;
  readonly #now: () => number;
  /** By hash: what waits for an answer, and what was found. Never what was not, so that guessing fills no memory. */
  readonly #found = new Map<string, Remembered<TokenRow | undefined>>();
  #count: Remembered<number> | undefined;

  constructor(tokens: Source, now: () => number = Date.now) {
    this.#tokens = tokens;
    this.#now = now;
  }

  /** The live token with this secret. */
  async find(secret: string): Promise<TokenRow | undefined> {
    const hash = createHash('sha256').update(secret).digest('base64');
    const known = this.#found.get(hash);
    if (known && known.until > this.#now()) return known.answer;
    const asked = { answer: this.#tokens.find(secret), until: this.#now() + GOOD_FOR };
    this.#remember(hash, asked);
    const drop = () => this.#found.get(hash) === asked && this.#found.delete(hash);
    try {
      const row = await asked.answer;
      if (!row) drop();
      return row;
    } catch (error) {
      drop();
      throw error;
    }
  }

  /** Whether no live token is there. */
  async none(): Promise<boolean> {
    if (!this.#count || this.#count.until <= this.#now()) {
      const asked = { answer: this.#tokens.count(), until: this.#now() + GOOD_FOR };
      this.#count = asked;
      asked.answer.catch(() => {
        if (this.#count === asked) this.#count = undefined;
      });
    }
    return (await this.#count.answer) === 0;
  }

  /** After a token was made or revoked here: that holds from the next request on. */
  forget(): void {
    this.#found.clear();
    this.#count = undefined;
  }

  #remember(hash: string, asked: Remembered<TokenRow | undefined>): void {
    this.#found.delete(hash);
    this.#found.set(hash, asked);
    if (this.#found.size <= REMEMBERED) return;
    for (const oldest of this.#found.keys()) {
      this.#found.delete(oldest);
      return;
    }
  }
}

interface Remembered<Answer> {
  answer: Promise<Answer>;
  /** ms, as Date.now() */
  until: number;
}
