import type { Hold } from '../model/task.ts';
import type { Store } from '../store/store.ts';

/** A hold reaches every worker within this many ms; the commands that start meanwhile are the ones a pause lets through. */
const EVERY = 200;

/** One task's hold, for as long as an activity of it runs here. */
export interface Holding {
  readonly now: Hold;
  /** Aborts when the task is to be killed. */
  readonly kill: AbortSignal;
  /** Aborts when a hold begins. */
  readonly held: AbortSignal;
  release(): void;
}

interface Watched {
  users: number;
  now: Hold;
  kill: AbortController;
  held: AbortController;
}

/** Follows the holds of the tasks that this worker has commands of, with one query for all of them. */
export class Holds {
  readonly #store: Store;
  readonly #tasks = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads the hold at once, then keeps reading until `release`. */
  async follow(taskId: string): Promise<Holding> {
    const task = this.#tasks.get(taskId) ?? { users: 0, now: 'none', kill: new AbortController(), held: new AbortController() };
    this.#tasks.set(taskId, task);
    task.users += 1;
    await this.#reading;
    await this.#read();
    this.#schedule();
    return {
      get now() {
        return task.now;
      },
      get held() {
        return task.held.signal;
      },
      kill: task.kill.signal,
      release: () => {
        task.users -= 1;
        if (task.users === 0) this.#tasks.delete(taskId);
      },
    };
  }

  #schedule(): void {
    if (this.#timer || this.#tasks.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#read().finally(() => this.#schedule());
    }, EVERY);
  }

  /** A store that is away holds nobody: the writes that follow fail and say so. */
  async #read(): Promise<void> {
    const ids = [...this.#tasks.keys()];
    this.#reading = this.#store.tasks.holds(ids).then(
      (holds) => {
        for (const id of ids) this.#set(id, holds.get(id) ?? 'none');
      },
      () => undefined,
    );
    await this.#reading;
  }

  #set(taskId: string, hold: Hold): void {
    const task = this.#tasks.get(taskId);
    if (!task) return;
    task.now = hold;
    if (hold === 'kill') task.kill.abort();
    if (hold !== 'none') task.held.abort();
    else if (task.held.signal.aborted) task.held = new AbortController();
  }
}
