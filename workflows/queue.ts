/** A task that has a pool, or waits for it. */
export interface Waiting {
  task: string;
  /** The first run of its execution: another execution of the same task asks for a turn of its own. */
  runId: string;
  /** When its execution was started, in ms: who came first goes first. */
  since: number;
  /** It wants no turn later than at once. */
  now: boolean;
  /** How many it was told are before it; not there before it was told. */
  told?: number;
}

/** Who has a pool, first, and who waits for it, in the order they were started. Knows nothing of Temporal. */
export class Queue {
  #waiting: Waiting[];

  constructor(waiting: readonly Waiting[] = []) {
    this.#waiting = [...waiting];
  }

  get waiting(): readonly Waiting[] {
    return this.#waiting;
  }

  get holder(): Waiting | undefined {
    return this.#waiting[0];
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Asking again changes nothing, but who asks is told again. */
  join({ task, runId, since, now }: Omit<Waiting, 'told'>): void {
    const asking = { task, runId, since, now };
    const known = this.#waiting.findIndex((one) => isSame(one, asking));
    if (known !== -1) this.#waiting[known] = asking;
    else this.#waiting.splice(this.#placeOf(asking), 0, asking);
  }

  /** Before all that started later, but for the one that has the pool. */
  #placeOf({ since }: Waiting): number {
    const later = this.#waiting.findIndex((one, place) => place > 0 && one.since > since);
    return later === -1 ? this.#waiting.length : later;
  }

  leave(gone: Pick<Waiting, 'task' | 'runId'>): void {
    this.#waiting = this.#waiting.filter((one) => !isSame(one, gone));
  }

  /** Those whose place is another than they were told last, the first of them first. */
  untold(): { waiting: Waiting; ahead: number }[] {
    return this.#waiting.flatMap((waiting, ahead) => (waiting.told === ahead ? [] : [{ waiting, ahead }]));
  }

  told(to: Waiting, ahead: number): void {
    this.#waiting = this.#waiting.map((one) => (isSame(one, to) ? { ...one, told: ahead } : one));
  }
}

function isSame(a: Pick<Waiting, 'task' | 'runId'>, b: Pick<Waiting, 'task' | 'runId'>): boolean {
  return a.task === b.task && a.runId === b.runId;
}
