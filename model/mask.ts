/** What stands in the place of a secret. */
const MASK = Buffer.from('***');
/** Shorter values are not masked: they would tear up output that has nothing to do with them. In bytes. */
const SHORTEST_MASKED = 4;
/** Runs of overlapping secrets longer than this, in bytes, are masked in parts, so that memory stays bounded. */
const LONGEST_RUN = 65_536;

/** Masks each of the values in a stream of bytes, also as base64, and each line of values with several lines. */
export function masked(values: readonly string[]): Mask {
  return new Mask(values);
}

export class Mask {
  private readonly patterns: Buffer[];
  private held = Buffer.alloc(0);
  private behind = 0;

  constructor(values: readonly string[]) {
    this.patterns = patternsOf(values);
  }

  /**
   * Takes the next bytes. `bytes`: what may be shown, masked. `consumed`: how many raw bytes of the stream, from its beginning,
   * are now behind us; those after it are held back, because a secret may begin there. A new mask may start at `consumed`.
   */
  push(bytes: Buffer): { bytes: Buffer; consumed: number } {
    const raw = this.held.length === 0 ? bytes : Buffer.concat([this.held, bytes]);
    const found = this.find(raw);
    return this.release(raw, found, this.decided(raw, found));
  }

  /** The stream has ended: what was held back. */
  end(): { bytes: Buffer; consumed: number } {
    const raw = this.held;
    return this.release(raw, this.find(raw), raw.length);
  }

  private release(raw: Buffer, found: Range[], until: number): { bytes: Buffer; consumed: number } {
    this.held = Buffer.from(raw.subarray(until));
    this.behind += until;
    const shown: Buffer[] = [];
    let at = 0;
    for (const { from, to } of found.filter((range) => range.to <= until)) {
      shown.push(raw.subarray(at, from), MASK);
      at = to;
    }
    shown.push(raw.subarray(at, until));
    return { bytes: Buffer.concat(shown), consumed: this.behind };
  }

  /** Every stretch covered by secrets, those that overlap as one. */
  private find(raw: Buffer): Range[] {
    const matches: Range[] = [];
    for (const pattern of this.patterns) {
      for (let at = raw.indexOf(pattern); at >= 0; at = raw.indexOf(pattern, at + 1)) {
        matches.push({ from: at, to: at + pattern.length });
      }
    }
    matches.sort((a, b) => a.from - b.from);
    const found: Range[] = [];
    for (const match of matches) {
      const last = found.at(-1);
      if (last && match.from < last.to) last.to = Math.max(last.to, match.to);
      else found.push(match);
    }
    return found;
  }

  /** How much of it no later byte can change: up to where the end may be the beginning of a secret, and never half a match. */
  private decided(raw: Buffer, found: Range[]): number {
    const start = Math.min(raw.length, ...this.patterns.map((pattern) => beginningOf(pattern, raw)));
    const across = found.find(({ from, to }) => from < start && start < to);
    if (!across) return start;
    return raw.length - across.from > LONGEST_RUN ? across.to : across.from;
  }
}

interface Range {
  from: number;
  to: number;
}

/** Where the longest beginning of the pattern stands that the bytes end with; their length when they end with none. */
function beginningOf(pattern: Buffer, raw: Buffer): number {
  const first = pattern.subarray(0, 1);
  const from = Math.max(0, raw.length - pattern.length + 1);
  for (let at = raw.indexOf(first, from); at >= 0; at = raw.indexOf(first, at + 1)) {
    if (pattern.subarray(0, raw.length - at).equals(raw.subarray(at))) return at;
  }
  return raw.length;
}

function patternsOf(values: readonly string[]): Buffer[] {
  const patterns = values.filter(isLongEnough).flatMap((value) => [value, ...linesOf(value), ...encoded(value)]);
  return [...new Set(patterns)].filter(isLongEnough).map((pattern) => Buffer.from(pattern));
}

function isLongEnough(text: string): boolean {
  return Buffer.byteLength(text) >= SHORTEST_MASKED;
}

function linesOf(value: string): string[] {
  return value.split(/\r?\n/).map((line) => line.trim());
}

/** As `base64` writes it: with and without a newline at the end of the value, whole and in lines of 76. */
function encoded(value: string): string[] {
  return [value, `${value}\n`].flatMap((text) => {
    const whole = Buffer.from(text).toString('base64');
    return [whole, whole.replace(/=+$/, ''), ...(whole.match(/.{1,76}/g) ?? [])];
  });
}
