interface Part {
  close(): Promise<void>;
}

/** Remembers what was started, to end it in the opposite order. */
export class Closing {
  readonly #closers: (() => unknown)[] = [];

  later(close: () => unknown): void {
    this.#closers.push(close);
  }

  async add<Started extends Part>(start: () => Promise<Started>): Promise<Started> {
    const part = await start();
    this.later(() => part.close());
    return part;
  }

  /** Starts both at once. When one fails the other is still waited for, so that it can be closed. */
  async addBoth<One extends Part, Other extends Part>(
    one: () => Promise<One>,
    other: () => Promise<Other>,
  ): Promise<[One, Other]> {
    const started = [this.add(one), this.add(other)] as const;
    await Promise.allSettled(started);
    return Promise.all(started);
  }

  /** Ends every part, also when one of them throws; then throws the first error. */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (let close = this.#closers.pop(); close; close = this.#closers.pop()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
