/**
 * Nodes in a workflow are spoken of by their numbers (0-based, in the order they were given), never by name: `from` to `to`
 * inclusive, all of which go on at `step`. A fresh task of any size is one span.
 */
export interface Span {
  from: number;
  to: number;
  step: number;
}

export function count(spans: readonly Span[]): number {
  return spans.reduce((sum, span) => sum + span.to - span.from + 1, 0);
}

/** Splits off the first `size` nodes. */
export function take(spans: readonly Span[], size: number): [taken: Span[], rest: Span[]] {
  const taken: Span[] = [];
  const rest: Span[] = [];
  let room = Math.max(0, size);
  for (const span of spans) {
    const length = span.to - span.from + 1;
    const part = Math.min(room, length);
    if (part > 0) taken.push({ ...span, to: span.from + part - 1 });
    if (part < length) rest.push({ ...span, from: span.from + part });
    room -= part;
  }
  return [taken, rest];
}

/** Cuts into at most `parts` pieces of equal size (the last may be smaller). */
export function slices(spans: readonly Span[], parts: number): Span[][] {
  const size = Math.max(1, Math.ceil(count(spans) / parts));
  const cut: Span[][] = [];
  for (let left = [...spans]; left.length > 0;) {
    const [slice, rest] = take(left, size);
    cut.push(slice);
    left = rest;
  }
  return cut;
}

/** Joins neighbours that go on at the same step, and what overlaps there; sorts by number. */
export function join(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last?.step === span.step && last.to + 1 >= span.from) last.to = Math.max(last.to, span.to);
    else joined.push({ ...span });
  }
  return joined;
}

export function numbers(spans: readonly Span[]): number[] {
  return spans.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
}

export function without(spans: readonly Span[], gone: ReadonlySet<number>): Span[] {
  return join(
    spans.flatMap((span) =>
      numbers([span])
        .filter((no) => !gone.has(no))
        .map((no) => ({ from: no, to: no, step: span.step })),
    ),
  );
}

export function at(step: number, nos: readonly number[]): Span[] {
  return join(nos.map((no) => ({ from: no, to: no, step })));
}

/** Those of the spans' nodes that are wanted, each at its step. */
export function only(spans: readonly Span[], wanted: ReadonlySet<number>): Span[] {
  const others = numbers(spans).filter((no) => !wanted.has(no));
  return without(spans, new Set(others));
}
