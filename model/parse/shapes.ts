import * as z from 'zod';
import { milliseconds } from '../duration.ts';
import { secretName, isSecretReference, SECRET_NAME_SHAPE } from '../secret.ts';
import { wrong } from './validate.ts';
import { suggestion } from './nearest.ts';

/** A value of its own kind: `read` gives undefined for what is refused. */
export function scalar<Value extends string | number | boolean>(
  expected: string,
  read: (value: unknown) => Value | undefined,
) {
  return z.unknown().transform((value, context) => {
    const result = read(value);
    if (result !== undefined) return result;
    context.addIssue({ code: 'custom', message: wrong(value), params: { expected }, input: value });
    return z.NEVER;
  });
}

/** Refuses other keys, and says which one may have been meant. */
export function object<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      return issue.keys.map((key) => suggestion(key, Object.keys(shape))).join('\n');
    },
  });
}

export const optional = z.exactOptional;

/** A list with something in it. */
export function listOf<Item extends z.ZodType>(item: Item, expected: string) {
  return z.array(item).refine((items) => items.length > 0, { when: whatever, error: 'is empty', params: { expected } });
}

/** For checks of a whole: they are made even when parts of it are wrong, so that everything is said at once. */
export function whatever({ value }: { value: unknown }): boolean {
  return typeof value === 'object' && value !== null;
}

/**
 * Refuses list entries that have the name of an earlier one; `path` leads from an entry to its name. What is taken from
 * elsewhere, by `use`, may come twice.
 */
export function distinctNames(expected: string, ...path: string[]) {
  const check = z.check<{ name: string }[]>(({ value, issues }) => {
    const first = new Map<unknown, number>();
    // What is wrong in itself is in the list as it came.
    (value as ({ name?: unknown; use?: unknown } | null | undefined)[]).forEach((item, i) => {
      const name = item?.name;
      if (typeof name !== 'string' || item?.use !== undefined) return;
      const before = first.get(name);
      if (before === undefined) {
        first.set(name, i);
        return;
      }
      const message = `"${name}" is the name of number ${before + 1} of the list already`;
      issues.push({ code: 'custom', path: [i, ...path], message, params: { expected }, input: value });
    });
  });
  check._zod.def.when = ({ value }) => Array.isArray(value);
  return check;
}

/** Exactly one of the object's keys. */
export function exactlyOne(keys: readonly string[]) {
  const given = (value: object) => keys.filter((key) => Object.hasOwn(value, key));
  return [
    (value: object) => given(value).length === 1,
    {
      when: whatever,
      error: (issue: { input?: unknown }) => {
        const names = typeof issue.input === 'object' && issue.input !== null ? given(issue.input) : [];
        return names.length === 0 ? 'says nothing of what to do' : `has ${names.join(' and ')}`;
      },
      params: { expected: `exactly one of ${keys.join(', ')}` },
    },
  ] as const;
}

/** Takes a short form, a text, for an object with one key. */
export function shortForm<Schema extends z.ZodType>(key: string, schema: Schema) {
  return z.preprocess((value) => (typeof value === 'string' ? { [key]: value } : value), schema);
}

/** What no shell takes and no database keeps: NUL, and halves of characters. */
const UNWRITABLE = /\0|\p{Surrogate}/u;
const TEXT_SHAPE = 'text';

function isText(value: unknown): value is string {
  return typeof value === 'string' && !UNWRITABLE.test(value);
}

/** Text that is not empty. */
export const text = scalar(TEXT_SHAPE, (value) => (isText(value) && value !== '' ? value : undefined));
export const anyText = scalar(TEXT_SHAPE, (value) => (isText(value) ? value : undefined));
export const flag = scalar('true or false', (value) => (typeof value === 'boolean' ? value : undefined));

/** Text, or a number or true or false, which is taken for the text it is written as. */
export const written = scalar('text (in quotes; "" for none)', writtenText);

export function writtenText(value: unknown): string | undefined {
  if (typeof value === 'string') return isText(value) ? value : undefined;
  return typeof value === 'boolean' || Number.isFinite(value) ? String(value) : undefined;
}

/** A value of a parameter or of the environment: text or `secret:NAME`. */
export const given = written.refine(
  (value) => !isSecretReference(value) || value.includes('{{') || secretName(value) !== undefined,
  {
    error: 'names no secret',
    params: { expected: SECRET_NAME_SHAPE },
  },
);

export function name(what: string, pattern: RegExp, expected: string) {
  return scalar(`${what}: ${expected}`, (value) =>
    typeof value === 'string' && pattern.test(value) ? value : undefined,
  );
}

/** Of tasks. One that a schedule started has the time in its name, with its colons. */
export const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._:-]{0,99}$/u;
export const NAME_SHAPE = '1-100 letters, digits or . _ - :, beginning with a letter or digit';
/** Names that only people and quoted texts carry: of templates, steps and other things of the catalogue. */
export const TITLE = /^[^\p{Cc}]{0,100}$/u;
export const TITLE_SHAPE = 'at most 100 characters, on one line';
export const NODE_NAME = /^[\p{L}\p{N}][\p{L}\p{N}._:-]{0,99}$/u;
export const NODE_NAME_SHAPE = '1-100 letters, digits or . _ - :, beginning with a letter or digit';

export const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
export const VARIABLE_SHAPE = 'the name of a variable: letters, digits and _, not beginning with a digit';

/** An object from names to values. */
export function mapOf<Value extends z.ZodType>(value: Value, key?: { pattern: RegExp; expected: string }) {
  const keys = z.string().refine((text) => !key || key.pattern.test(text), {
    error: 'is no name to use here',
    params: { expected: key?.expected },
  });
  return z.record(keys, value);
}

export function wholeNumber(least: number, most: number, expected: string) {
  return scalar(expected, (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most ? value : undefined,
  );
}

export const port = wholeNumber(1, 65_535, 'a port, 1 to 65535');

const DURATION_SHAPE = 'a duration as 500ms, 30s, 5m or 2h';

export const duration = scalar(DURATION_SHAPE, milliseconds);
export const someDuration = scalar(
  `${DURATION_SHAPE}, longer than nothing`,
  (value) => milliseconds(value) || undefined,
);
