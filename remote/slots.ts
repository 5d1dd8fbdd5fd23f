/** A number of places; whoever finds none free waits in line. */
export class Slots {
  #limit: number;
  #taken = 0;
  readonly #line: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get taken(): number {
    return this.#taken;
  }

  get free(): boolean {
    return this.#taken < this.#limit;
  }

  get crowded(): boolean {
    return this.#line.length > 0;
  }

  /** Resolves, once it is our turn, with what gives the place back (calling it twice does nothing). */
  async take(): Promise<() => void> {
    if (this.free) this.#taken++;
    else await new Promise<void>((resolve) => this.#line.push(resolve));
    let held = true;
    return () => {
      if (held) this.#giveBack();
      held = false;
    };
  }

  /** Fewer places from now on, never less than one; those that are taken stay so until they are given back. */
  lowerTo(limit: number): void {
    this.#limit = Math.max(1, Math.min(this.#limit, limit));
  }

  #giveBack(): void {
    this.#taken--;
    while (this.free) {
      const next = this.#line.shift();
      if (!next) return;
      this.#taken++;
      next();
    }
  }
}
