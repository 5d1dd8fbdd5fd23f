import { Invalid, type Problem } from '../../model/parse/problem.ts';

/** Gathers the problems of several inputs, so that all of them are told at once. */
export class Problems {
  readonly #all: Problem[] = [];

  /** The value, or undefined when it is Invalid, with its problems kept. `path`: how to call their paths here. */
  take<Value>(read: () => Value, path = (inner: string) => inner): Value | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      this.#all.push(...error.problems.map((problem) => ({ ...problem, path: path(problem.path) })));
      return undefined;
    }
  }

  add(problem: Problem): void {
    this.#all.push(problem);
  }

  throwIfAny(): void {
    if (this.#all.length > 0) throw new Invalid(this.#all);
  }
}
