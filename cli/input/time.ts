import { milliseconds } from '../../model/duration.ts';
import { badInput } from '../failure.ts';

const MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A moment as ISO text, from `1h` (that long ago) or a time as it is. Throws a failure that names the option. */
export function timeAgo(option: string, text: string, now = Date.now()): string {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const isWritten = /^\d{4}-\d\d-\d\d/.test(text);
  const at =
    count === undefined ? Date.parse(isWritten ? text : '') : now - Number(count) * MS[unit as keyof typeof MS];
  if (Number.isNaN(at))
    throw badInput(`${option} ${text}: expected 30s, 15m, 1h, 7d or a time as 2026-03-01T08:00:00Z`);
  return new Date(at).toISOString();
}

/** A duration in ms. Throws a failure that names the option. */
export function readTimeout(option: string, text: string): number {
  const ms = milliseconds(text);
  if (ms === undefined) throw badInput(`${option} ${text}: expected a duration as 500ms, 30s, 5m or 2h`);
  return ms;
}
