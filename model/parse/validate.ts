import type * as z from 'zod';
import { Invalid, type Problem, shown } from './problem.ts';

export type Path = readonly PropertyKey[];

/** Where a value was read from. */
export interface Origin {
  file: string;
  /** The line of the value at the path, or of the key itself when `key` is given and is there. */
  line(path: Path, key?: string): number;
}

/** The value as the schema makes it. Throws Invalid with every problem. */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown, origin?: Origin): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap(problemsOf).map((problem) => located(problem, origin));
  throw new Invalid(problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)));
}

/** A problem that does not yet know where in a file it is. */
export interface Finding {
  path: Path;
  key?: string;
  message: string;
  expected?: string;
}

export function located({ path, key, message, expected }: Finding, origin: Origin | undefined): Problem {
  return {
    ...(origin && { file: origin.file, line: origin.line(path, key) }),
    path: pathText(key === undefined ? path : [...path, key]),
    message,
    ...(expected !== undefined && { expected }),
  };
}

function pathText(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    const name = String(key);
    if (!/^[\w-]+$/.test(name)) return `${text}[${JSON.stringify(name)}]`;
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

function problemsOf(issue: z.core.$ZodIssue): Finding[] {
  const { path } = issue;
  switch (issue.code) {
    case 'unrecognized_keys': {
      // One line a key: see object() in shapes.ts.
      const expected = issue.message.split('\n');
      return issue.keys.map((key, i) => ({ path, key, message: 'unknown key', expected: expected[i] ?? 'another' }));
    }
    case 'invalid_type':
      return [{ path, message: wrong(issue.input), expected: TYPES[issue.expected] ?? issue.expected }];
    case 'invalid_value':
      return [{ path, message: wrong(issue.input), expected: issue.values.map(String).join(' or ') }];
    case 'custom': {
      const expected: unknown = issue.params?.['expected'];
      return [{ path, message: issue.message, ...(typeof expected === 'string' && { expected }) }];
    }
    case 'invalid_key':
      return issue.issues.flatMap(problemsOf).map((problem) => ({ ...problem, path: [...path, ...problem.path] }));
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_union':
    case 'not_multiple_of':
    case 'too_big':
    case 'too_small':
      return [{ path, message: issue.message }];
  }
}

const TYPES: Partial<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
};

/** What is wrong with a value that is not of the kind wanted. */
export function wrong(value: unknown): string {
  if (value === undefined) return 'is missing';
  if (value === null) return 'is empty (null)';
  return Array.isArray(value) ? 'is a list' : typeof value === 'object' ? 'is an object' : `is ${shown(value)}`;
}

/** Leaves out keys whose value is undefined: to a caller's TypeScript they are as good as not there. */
export function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const kept = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return Object.fromEntries(kept.map(([key, entry]) => [key, withoutUndefined(entry)]));
}
