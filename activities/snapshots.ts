import type { Store } from '../store/store.ts';
import type { TaskRow } from '../store/tasks.ts';

const KEPT = 200;

/** Tasks as they were submitted: their template and parameters never change, so they are read once per worker. */
export class Snapshots {
  readonly #store: Store;
  readonly #tasks = new Map<string, Promise<TaskRow>>();

  constructor(store: Store) {
    this.#store = store;
  }

  async of(taskId: string): Promise<TaskRow> {
    const known = this.#tasks.get(taskId);
    if (known) return await known;
    const reading = this.#read(taskId);
    this.#tasks.set(taskId, reading);
    reading.catch(() => this.#tasks.delete(taskId));
    for (const oldest of this.#tasks.keys()) {
      if (this.#tasks.size <= KEPT) break;
      this.#tasks.delete(oldest);
    }
    return await reading;
  }

  async #read(taskId: string): Promise<TaskRow> {
    const task = await this.#store.tasks.byId(taskId);
    if (!task) throw new Error(`the store has no task ${taskId}: is this worker connected to another database?`);
    return task;
  }
}
