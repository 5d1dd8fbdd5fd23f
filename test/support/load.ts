import { setTimeout as delay } from 'node:timers/promises';

export interface LoadResult {
  requests: number;
  /** What did not answer 200, each with why. */
  failures: string[];
  /** Answers by their text. */
  answers: Map<string, number>;
}

/** So many requests at once, at most, and so many ms between two of them. */
interface LoadOptions {
  lanes?: number;
  pause?: number;
  /** Requests after which it ends by itself, so that a test that hangs loads nothing for ever. */
  most?: number;
}

/** A constant load of GET requests on a URL of loopback, each counted; none is repeated. */
export class Load {
  readonly #result: LoadResult = { requests: 0, failures: [], answers: new Map() };
  readonly #stopped = new AbortController();
  readonly #lanes: Promise<void>[];

  constructor(url: string, { lanes = 6, pause = 10, most = 20_000 }: LoadOptions = {}) {
    this.#lanes = Array.from({ length: lanes }, () => this.#lane(url, pause, most));
  }

  get requests(): number {
    return this.#result.requests;
  }

  /** After those that are under way. */
  async stop(): Promise<LoadResult> {
    this.#stopped.abort();
    await Promise.all(this.#lanes);
    return this.#result;
  }

  async #lane(url: string, pause: number, most: number): Promise<void> {
    while (!this.#stopped.signal.aborted && this.#result.requests < most) {
      this.#result.requests += 1;
      await this.#ask(url);
      await delay(pause);
    }
  }

  async #ask(url: string): Promise<void> {
    const { failures, answers } = this.#result;
    try {
      const response = await fetch(url);
      const text = await response.text();
      if (response.ok) answers.set(text, (answers.get(text) ?? 0) + 1);
      else failures.push(`${response.status} ${text}`);
    } catch (error) {
      failures.push(String(error instanceof Error ? (error.cause ?? error) : error));
    }
  }
}
