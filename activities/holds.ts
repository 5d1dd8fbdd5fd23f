import type { Hold } from '../model/task.ts';
import type { Store } from '../store/store.ts';

/** Commands that run learn of a kill within this many ms, waits of a hold. Commands that are to start ask. */
const EVERY = 200;
/** What was read this many ms ago is fresh: many nodes of a slice ask at the same moment, and again when they begin. */
const FRESH = 20;

/** One task's hold, for as long as an activity of it runs here. */
export interface Holding {
  /** As it was read last. */
  readonly now: Hold;
  /** Reads it. */
  fresh(): Promise<Hold>;
  /** Aborts when the task is to be killed. */
  readonly kill: AbortSignal;
  /** Aborts when a hold begins. */
  readonly held: AbortSignal;
  release(): void;
}

interface Watched {
  users: number;
  now: Hold;
  /** When the read of `now` began. */
  readAt: number;
  kill: AbortController;
  held: AbortController;
}

/** Follows the holds of the tasks that this worker has commands of, with one query for all of them. */
export class Holds {
  readonly #store: Store;
  readonly #tasks = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads the hold again and again until `release`; the first time when `fresh` is asked for. */
  follow(taskId: string): Holding {
    const task = this.#tasks.get(taskId) ?? {
      users: 0,
      now: 'none',
      readAt: -Infinity,
      kill: new AbortController(),
      held: new AbortController(),
    };
    this.#tasks.set(taskId, task);
    task.users += 1;
    this.#schedule();
    return {
      fresh: async () => {
        if (performance.now() - task.readAt > FRESH) await this.#fresh();
        return task.now;
      },
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
      void this.#fresh().finally(() => this.#schedule());
    }, EVERY);
  }

  /** A read that begins from now on: one query for all who ask while another one is under way. */
  #fresh(): Promise<void> {
    this.#next ??= this.#reading.then(() => {
      this.#next = undefined;
      return (this.#reading = this.#read());
    });
    return this.#next;
  }

  /** A store that is away holds nobody: the writes that follow fail and say so. */
  async #read(): Promise<void> {
    const ids = [...this.#tasks.keys()];
    const began = performance.now();
    const holds = await this.#store.tasks.holds(ids).catch(() => undefined);
    if (holds) for (const id of ids) this.#set(id, holds.get(id) ?? 'none', began);
  }

  #set(taskId: string, hold: Hold, readAt: number): void {
    const task = this.#tasks.get(taskId);
    if (!task) return;
    task.now = hold;
    task.readAt = readAt;
    if (hold === 'kill') task.kill.abort();
    if (hold !== 'none') task.held.abort();
    else if (task.held.signal.aborted) task.held = new AbortController();
  }
}
