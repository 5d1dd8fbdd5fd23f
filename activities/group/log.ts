import type { Logs } from '../../store/logs.ts';
import type { JobRef } from '../../store/jobs.ts';

/** What a group action has to say goes into the log of each of its nodes, as if a command of theirs had put it out. */
export class GroupLog {
  readonly #logs: Logs;
  /** Where each log goes on. */
  readonly #places: { ref: JobRef; offset: number }[];
  #writing: Promise<unknown> = Promise.resolve();
  #failure: Error | undefined;

  constructor(logs: Logs, places: readonly { ref: JobRef; offset: number }[]) {
    this.#logs = logs;
    this.#places = places.map((place) => ({ ...place }));
  }

  say(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    const appends = this.#places.map((place) => {
      const { ref, offset } = place;
      place.offset += bytes.length;
      return () => this.#logs.append(ref, 'out', offset, bytes, offset + bytes.length);
    });
    this.#writing = this.#writing
      .then(() => Promise.all(appends.map((append) => append())))
      .catch((error: unknown) => (this.#failure ??= error as Error));
  }

  /** Resolves when everything is durable. */
  async end(): Promise<void> {
    await this.#writing;
    if (this.#failure) throw this.#failure;
  }
}
