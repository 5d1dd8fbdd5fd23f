import { setTimeout as sleep } from 'node:timers/promises';
import { ENDED, type TaskStatus } from '../../model/status.ts';
import type { TaskEvent } from '../../model/task.ts';
import type { TaskRow } from '../../store/tasks.ts';
import type { Parts } from '../parts.ts';
import { standing } from '../views/task.ts';

/** ms between two looks into the store, while somebody follows. */
const POLL = 200;
/** ms between two looks at the task itself: has it ended without a word in its events? */
const CHECK = 2000;
const PAGE = 500;

/** What happened since the last turn. `live`: nothing more is there to read right now. `over`: how the task ended; the last turn. */
export interface Turn {
  events: TaskEvent[];
  live: boolean;
  over?: { status: TaskStatus; reason: string };
}

/**
 * A task's events from the one after `after`, until the task has ended or the signal aborts. A turn comes every POLL ms at
 * least. Events come in the order in which they were committed, so once the last one is here, so is all that was written
 * before it.
 */
export async function* tail(
  parts: Parts,
  task: TaskRow,
  after: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Turn> {
  const ending = new Ending(parts, task);
  for (let cursor = after; !signal.aborted;) {
    const events = await parts.store.events.read(task.id, {
      limit: PAGE,
      following: true,
      ...(cursor === undefined ? {} : { after: cursor }),
    });
    cursor = events.at(-1)?.seq ?? cursor;
    ending.saw(events);
    const live = events.length < PAGE;
    const over = live ? await ending.reached() : undefined;
    yield { events, live, ...(over ? { over } : {}) };
    if (over) return;
    if (live) await sleep(POLL, undefined, { signal }).catch(() => undefined);
  }
}

/** Has the task ended? Its final event says so, unless a retry has started it again since. */
class Ending {
  readonly #parts: Parts;
  readonly #task: TaskRow;
  #last: TaskStatus | undefined;
  #nextCheck = 0;
  #suspected = false;

  constructor(parts: Parts, task: TaskRow) {
    this.#parts = parts;
    this.#task = task;
  }

  saw(events: TaskEvent[]): void {
    for (const { event } of events) {
      if (event.kind !== 'task') continue;
      this.#last = event.status;
      this.#nextCheck = 0;
    }
  }

  async reached(): Promise<{ status: TaskStatus; reason: string } | undefined> {
    if (Date.now() < this.#nextCheck) return undefined;
    this.#nextCheck = Date.now() + CHECK;
    const row = (await this.#parts.store.tasks.byId(this.#task.id)) ?? this.#task;
    const now = await standing(this.#parts, row);
    if (!ENDED.includes(now.status)) {
      this.#suspected = false;
      return undefined;
    }
    // No final event: it may lie before `after`, or be on its way, or the task was ended in Temporal with no worker to tell.
    if (now.status === this.#last || this.#suspected) return { status: now.status, reason: now.reason };
    this.#suspected = true;
    return undefined;
  }
}
