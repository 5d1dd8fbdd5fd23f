/** Where a machine of a double can be reached; real nodes that tests and demos give it. */
export interface Place {
  address: string;
  port?: number;
}

/** What becomes of a machine that is made. */
export type Fate = 'boots' | 'never-boots' | 'boots-into-error';

export type MachineState = 'booting' | 'running' | 'error' | 'leaving' | 'gone';

export interface CloudMachine {
  id: string;
  /** Date.now() when it was made. */
  madeAt: number;
  fate: Fate;
  place: Place | undefined;
  /** Date.now() when it was given back. */
  leftAt: number | undefined;
}

export interface MachinesOptions {
  /** ms from being made until it runs. Default 0. */
  bootTime?: number;
  /** ms from being given back until it is gone. Default 0. */
  leaveTime?: number;
  /** Handed out in order, and again once their machine is gone. With them there are no more machines than places. */
  places?: readonly Place[];
  /** Machines at once. Default: as many as there are places, or without limit. */
  capacity?: number;
  /** Default `m-1`, `m-2`, … */
  newId?: (nth: number) => string;
}

/** The machines of a vendor that makes them: they boot, run, or come to nothing. Nothing is done by timers: it depends on when it is asked. */
export class Machines {
  bootTime: number;
  leaveTime: number;
  capacity: number;
  readonly #places: readonly Place[] | undefined;
  readonly #newId: (nth: number) => string;
  readonly #all: CloudMachine[] = [];
  #fates: Fate[] = [];

  constructor({ bootTime = 0, leaveTime = 0, places, capacity, newId }: MachinesOptions = {}) {
    this.bootTime = bootTime;
    this.leaveTime = leaveTime;
    this.#places = places;
    this.capacity = capacity ?? places?.length ?? Infinity;
    this.#newId = newId ?? ((nth) => `m-${nth}`);
  }

  /** What becomes of the next machines that are made, one after another; then all boot again. */
  fates(...next: Fate[]): void {
    this.#fates = next;
  }

  /** How many could be made now. */
  get free(): number {
    return this.capacity - this.present().length;
  }

  /** Makes as many as there is capacity for. */
  make(count: number): CloudMachine[] {
    const made: CloudMachine[] = [];
    for (let i = Math.min(count, this.free); i > 0; i--) {
      const machine: CloudMachine = {
        id: this.#newId(this.#all.length + 1),
        madeAt: Date.now(),
        fate: this.#fates.shift() ?? 'boots',
        place: this.#freePlace(),
        leftAt: undefined,
      };
      this.#all.push(machine);
      made.push(machine);
    }
    return made;
  }

  /** Every machine that ever was. */
  all(): readonly CloudMachine[] {
    return this.#all;
  }

  /** Those that are not gone: what the bill is for. */
  present(): CloudMachine[] {
    return this.#all.filter((machine) => this.state(machine) !== 'gone');
  }

  /** Those that are not given back. */
  kept(): CloudMachine[] {
    return this.#all.filter(({ leftAt }) => leftAt === undefined);
  }

  find(id: string): CloudMachine | undefined {
    return this.#all.find((machine) => machine.id === id);
  }

  /** Gives it back; one that was given back already stays so. */
  leave(machine: CloudMachine): void {
    machine.leftAt ??= Date.now();
  }

  state({ madeAt, fate, leftAt }: CloudMachine): MachineState {
    const now = Date.now();
    if (leftAt !== undefined) return now < leftAt + this.leaveTime ? 'leaving' : 'gone';
    if (fate === 'never-boots' || now < madeAt + this.bootTime) return 'booting';
    return fate === 'boots-into-error' ? 'error' : 'running';
  }

  #freePlace(): Place | undefined {
    const taken = new Set(this.present().map(({ place }) => place));
    return this.#places?.find((place) => !taken.has(place));
  }
}
