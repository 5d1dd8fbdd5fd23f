import type { Json } from './json.ts';

/** A step into a value: a key, a place in a list, or every entry of one. `maybe`: nothing there is no fault. */
type Step = ({ key: string } | { index: number } | { every: true }) & { maybe: boolean };

export const PATH_SHAPE =
  'a path as data.items[0].id or data["odd key"], with [*] for every entry and ? after what may be missing';

const STEP = /^(?:(\.?)([^.[\]"?*\s]+)|\["([^"]*)"\]|\[(\d+)\]|\[(\*)\])(\?)?/;

/** Undefined when it is no path. The empty path is the value itself. */
export function parsePath(path: string): Step[] | undefined {
  const steps: Step[] = [];
  for (let rest = path; rest !== '';) {
    const match = STEP.exec(rest);
    if (!match) return undefined;
    const [whole, dot, bare, quoted, index, every, mark] = match;
    // Keys have a dot between them, and none in front of the first.
    if (bare !== undefined && (dot === '') !== (steps.length === 0)) return undefined;
    steps.push({ ...stepOf(bare ?? quoted, index, every), maybe: mark !== undefined });
    rest = rest.slice(whole.length);
  }
  return steps;
}

function stepOf(key: string | undefined, index: string | undefined, every: string | undefined) {
  if (key !== undefined) return { key };
  return every === undefined ? { index: Number(index) } : { every: true as const };
}

/** What was looked for is not there. The message says how far the path led: `data.items is missing`. */
export class NotThere extends Error {}

/** The values at the path: one, or with `[*]` any number. Throws NotThere. */
export function valuesAt(value: Json, path: string): Json[] {
  const steps = parsePath(path);
  if (!steps) throw new NotThere(`${JSON.stringify(path)} is no path, expected ${PATH_SHAPE}`);
  let found: { value: Json; path: string }[] = [{ value, path: '' }];
  for (const step of steps) found = found.flatMap((one) => into(one.value, step, one.path));
  return found.map((one) => one.value);
}

/** The same, with the entries of a list in its place; null is no entry. */
export function entriesAt(value: Json, path: string): Json[] {
  return valuesAt(value, path).flatMap((found) => found ?? []);
}

/** The texts, numbers and truth values there, as texts. Throws NotThere for anything else. */
export function textsAt(value: Json, path: string): string[] {
  return entriesAt(value, path).map((entry) => {
    if (typeof entry === 'object') throw new NotThere(`${path} is ${entry === null ? 'null' : 'no text'}`);
    return String(entry);
  });
}

/** The one that is there; undefined for null, or for nothing where the path allows that. */
export function textAt(value: Json, path: string): string | undefined {
  const [text, ...more] = textsAt(value, path);
  if (more.length > 0) throw new NotThere(`${path} is more than one text`);
  return text;
}

/** The same, where there must be one. */
export function idAt(value: Json, path: string): string {
  const text = textAt(value, path);
  if (text === undefined || text === '') throw new NotThere(`${path} is empty`);
  return text;
}

function into(value: Json, step: Step, before: string): { value: Json; path: string }[] {
  if ('every' in step) {
    const path = `${before}[*]`;
    if (Array.isArray(value)) return value.map((entry) => ({ value: entry, path }));
    if (value === null || step.maybe) return [];
    throw new NotThere(`${before || 'the whole'} is no list`);
  }
  const path = 'key' in step ? joined(before, step.key) : `${before}[${step.index}]`;
  const next = 'key' in step ? property(value, step.key) : Array.isArray(value) ? value[step.index] : undefined;
  if (next !== undefined) return [{ value: next, path }];
  if (step.maybe) return [];
  throw new NotThere(`${path} is missing`);
}

function joined(before: string, key: string): string {
  return before === '' ? key : `${before}.${key}`;
}

function property(value: Json, key: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? value[key] : undefined;
}
