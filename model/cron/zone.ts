const DAY = 24 * 3_600_000;

/** A change of a zone's clock. */
export interface ClockChange {
  /** The first instant after it: ms since 1970. */
  at: number;
  /** ms that local time was, and is from then on, ahead of UTC. */
  before: number;
  after: number;
}

/** Whether it is a time zone of the IANA database, written as there. */
export function isTimezone(name: string): boolean {
  // Intl takes any case, and offsets as +01:00; Temporal's server reads files of these names.
  if (!/^[A-Z][\w+-]*(\/[A-Z][\w+-]*)*$/.test(name)) return false;
  try {
    const known = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone;
    return known === name || known.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}

/**
 * A time zone. A local time is told as the ms since 1970 that its clock would show were it UTC. What a zone's clock does is
 * what this program's ICU knows; Temporal's server has a copy of the IANA database of its own.
 */
export class Zone {
  readonly #format: Intl.DateTimeFormat;

  /** Throws RangeError for a zone that is none. */
  constructor(name: string) {
    const two = '2-digit';
    this.#format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: name, hourCycle: 'h23', year: 'numeric', month: two, day: two },
      ...{ hour: two, minute: two, second: two },
    });
  }

  /** ms that local time is ahead of UTC. */
  offset(at: number): number {
    const second = Math.floor(at / 1000) * 1000;
    const [month = 1, day = 1, year = 1970, ...time] = this.#format.format(second).match(/\d+/g)?.map(Number) ?? [];
    return Date.UTC(year, month - 1, day, ...time) - second;
  }

  local(at: number): number {
    return at + this.offset(at);
  }

  /** As 2026-10-25T02:30:00+02:00. */
  text(at: number): string {
    const minutes = Math.round(this.offset(at) / 60_000);
    const two = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, '0');
    const offset = `${minutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
    return `${new Date(this.local(at)).toISOString().slice(0, 19)}${offset}`;
  }

  /** What the offset was the day before a local time, and what it is the day after: one when nothing changes between. */
  offsetsAround(local: number): number[] {
    return [...new Set([this.offset(local - 2 * DAY), this.offset(local + 2 * DAY)])];
  }

  /** The instants at which the clock shows a local time: one; two when it was put back over it, none when it was put forward. */
  instants(local: number, offsets = this.offsetsAround(local)): number[] {
    const candidates = offsets.map((offset) => local - offset);
    return candidates.filter((at) => this.local(at) === local).sort((a, b) => a - b);
  }

  /** The changes in a span of time. */
  changes(from: number, until: number): ClockChange[] {
    const changes: ClockChange[] = [];
    for (let at = from, before = this.offset(from); at < until; at += DAY) {
      const after = this.offset(at + DAY);
      if (after !== before) changes.push({ at: this.#firstOf(after, at, at + DAY), before, after });
      before = after;
    }
    return changes.filter(({ at }) => at < until);
  }

  /** The first second with an offset, which it has at `to` and not at `from`. */
  #firstOf(offset: number, from: number, to: number): number {
    let [early, late] = [Math.floor(from / 1000), Math.floor(to / 1000)];
    while (late - early > 1) {
      const middle = Math.floor((early + late) / 2);
      if (this.offset(middle * 1000) === offset) late = middle;
      else early = middle;
    }
    return late * 1000;
  }
}
