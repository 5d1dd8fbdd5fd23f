const UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** Milliseconds as templates write them: in the largest unit that holds them whole, as `5m`. */
export function durationText(ms: number): string {
  const unit = UNITS.find(([, size]) => ms > 0 && ms % size === 0);
  return unit ? `${ms / unit[1]}${unit[0]}` : `${ms}ms`;
}

/** Milliseconds, from a text with a unit (`500ms`, `30s`, `1.5m`, `2h`) or a number of milliseconds. */
export function milliseconds(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value : undefined;
  const [, amount, unit = ''] = (typeof value === 'string' && /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value.trim())) || [];
  return amount === undefined ? undefined : Math.round(Number(amount) * (SIZES[unit] ?? 1));
}

const SIZES: Record<string, number> = { ms: 1, ...Object.fromEntries(UNITS) };
