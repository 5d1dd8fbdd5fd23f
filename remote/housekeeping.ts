import type { Session } from './node/session.ts';
import { FILE } from './node/script.ts';
import { verbs } from './node/verbs.ts';

/**
 * ms from the first acknowledgement to telling the node, so that many travel together; somewhere in between, so that a
 * fleet that was busy a moment ago is not all at once busy with this.
 */
const GATHER = { least: 15_000, most: 45_000 };
const IDS_A_LINE = 32;
/** A node that is long out of reach gets no endless list: its garbage collection sees to the rest. */
const MOST_PENDING = 10_000;
const DAY = 24 * 60 * 60 * 1000;
/** Days that results, and the claims that keep a job from running twice, are kept on a node. */
const DAYS_KEPT = 30;

/** Keeps a node's folder small: results that were fetched go soon, everything else after 30 days. Nothing depends on it. */
export class Housekeeping {
  readonly #session: () => Promise<Session> | undefined;
  readonly #acknowledged = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #collectedAt = 0;

  /** `session` answers undefined when there is no connection: none is made for this. */
  constructor(session: () => Promise<Session> | undefined) {
    this.#session = session;
  }

  acknowledge(id: string): void {
    if (this.#acknowledged.size < MOST_PENDING) this.#acknowledged.add(id);
    this.#timer ??= setTimeout(() => void this.run(), gatherFor()).unref();
  }

  /** What is due; never throws. */
  async run(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const collect = Date.now() - this.#collectedAt > DAY;
    if (this.#acknowledged.size === 0) return;
    try {
      const session = await this.#session();
      if (!session) return;
      await this.#tellAcknowledged(session);
      if (collect) await session.ask(verbs.gc(FILE, DAYS_KEPT));
      if (collect) this.#collectedAt = Date.now();
      session.giveBack();
    } catch {
      // The connection is gone: the next run, or the next day's collection, will do.
    }
  }

  async #tellAcknowledged(session: Session): Promise<void> {
    const ids = [...this.#acknowledged];
    for (let i = 0; i < ids.length; i += IDS_A_LINE) {
      const some = ids.slice(i, i + IDS_A_LINE);
      await session.ask(verbs.ack(some));
      for (const id of some) this.#acknowledged.delete(id);
    }
  }
}

function gatherFor(): number {
  return GATHER.least + Math.random() * (GATHER.most - GATHER.least);
}
