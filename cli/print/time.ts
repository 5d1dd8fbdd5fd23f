/** `850 ms`, `4.2 s`, `3 m 05 s`, `2 h 10 m`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? parts(minutes, 'm', seconds % 60, 's')
    : parts(Math.floor(minutes / 60), 'h', minutes % 60, 'm');
}

function parts(big: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big} ${unit}` : `${big} ${unit} ${two(small)} ${smallUnit}`;
}

/** Between two times of an answer; until now when it has not ended. Empty when it has not begun. */
export function took(from: string | null, to: string | null, now = Date.now()): string {
  return from === null ? '' : duration((to === null ? now : Date.parse(to)) - Date.parse(from));
}

/** Local, to the second. */
export function clock(time: string): string {
  const date = new Date(time);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${timeOfDay(date)}`;
}

export function timeOfDay(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
