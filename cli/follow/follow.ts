import { setTimeout as sleep } from 'node:timers/promises';
import { ENDED } from '../../model/status.ts';
import type { TaskEvent, TaskView } from '../../model/task.ts';
import { Failure, EXIT } from '../failure.ts';
import { taskPath, type Api } from '../server/api.ts';
import { readEvents } from '../server/sse.ts';

/** What is shown of a task while it is followed. */
export interface Display {
  event(event: TaskEvent): void;
  /** The past is told; what comes now happens now. */
  live(): void;
  /** A sentence about the following itself. */
  notice(text: string): void;
}

/** ms for which a server that went away is waited for. */
const PATIENCE = 10 * 60_000;
const RETRY_EVERY = 500;

/** Follows a task until it has ended, through restarts of the server. Gives the task as it is then. */
export async function follow(api: Api, name: string, display: Display): Promise<TaskView> {
  const stream = new Resumed(api, name, display);
  for (;;) {
    const task = await stream.again(async () => {
      await stream.read();
      return api.get<TaskView>(taskPath(name));
    });
    if (task && ENDED.includes(task.status) && stream.isThrough(task)) return task;
  }
}

/** A task's events across several connections. */
class Resumed {
  readonly #api: Api;
  readonly #name: string;
  readonly #display: Display;
  #last: string | undefined;
  #lastStatus: string | undefined;
  #nothingMore = false;
  #awaySince: number | undefined;

  constructor(api: Api, name: string, display: Display) {
    this.#api = api;
    this.#name = name;
    this.#display = display;
  }

  /** Reads until the server ends the stream. */
  async read(): Promise<void> {
    const body = await this.#api.stream(taskPath(this.#name, '/events'), this.#last);
    this.#isBack();
    this.#nothingMore = body === undefined;
    for await (const message of body ? readEvents(body) : []) {
      if ('comment' in message) {
        if (message.comment === 'live') this.#display.live();
        continue;
      }
      const event = JSON.parse(message.data) as TaskEvent;
      this.#last = message.id ?? this.#last;
      if (event.event.kind === 'task') this.#lastStatus = event.event.status;
      this.#display.event(event);
    }
  }

  /** Every event up to the task's end was seen. */
  isThrough(task: TaskView): boolean {
    return this.#nothingMore || this.#lastStatus === task.status;
  }

  /** Undefined when the server went away while it was asked; it is to be asked again. */
  async again<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof Failure && error.exitCode !== EXIT.unreachable) throw error;
      await this.#away(error);
      return undefined;
    }
  }

  async #away(error: unknown): Promise<void> {
    if (this.#awaySince === undefined) {
      this.#awaySince = Date.now();
      this.#display.notice('the server went away; the task does not depend on this terminal. Waiting for the server …');
    } else if (Date.now() - this.#awaySince > PATIENCE) {
      throw error;
    }
    await sleep(RETRY_EVERY);
  }

  #isBack(): void {
    if (this.#awaySince !== undefined) this.#display.notice('the server is back');
    this.#awaySince = undefined;
  }
}
