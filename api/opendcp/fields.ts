import { LosslessNumber } from 'lossless-json';
import type { Json } from '../../model/json.ts';
import { Refusal } from './refusal.ts';

type JsonObject = Record<string, Json>;

/**
 * An object of a request, read as OpenDCP's Go program decodes one: keys in any case, unknown ones ignored; what is absent
 * or null is zero, empty or null; another type than the field's is refused (400).
 */
export class Fields {
  readonly #values: Map<string, unknown>;
  readonly #path: string;

  private constructor(values: Map<string, unknown>, path: string) {
    this.#values = values;
    this.#path = path;
  }

  /** Of several keys that differ in case only, the last one counts. */
  static of(value: unknown, path = ''): Fields {
    if (!isObject(value)) throw wrongType(value, path, 'an object');
    return new Fields(new Map(Object.entries(value).map(([key, item]) => [key.toLowerCase(), item])), path);
  }

  text(key: string): string {
    return this.#take(key, '', (value) => (typeof value === 'string' ? value : undefined), 'a string');
  }

  int(key: string): number {
    return this.#take(key, 0, integer, 'an int');
  }

  /** With a fraction, or an exponent. */
  number(key: string): number {
    return this.#take(key, 0, finite, 'a number');
  }

  flag(key: string): boolean {
    return this.#take(key, false, (value) => (typeof value === 'boolean' ? value : undefined), 'a bool');
  }

  /** An object with keys and values as the caller likes. */
  map(key: string): JsonObject | null {
    return this.#take(key, null, (value) => (isObject(value) ? freeMap(value, this.#at(key)) : undefined), 'an object');
  }

  texts(key: string): string[] | null {
    return this.#list(key, (value, path) => {
      if (value === null) return '';
      if (typeof value !== 'string') throw wrongType(value, path, 'a string');
      return value;
    });
  }

  ints(key: string): number[] | null {
    return this.#list(key, (value, path) => {
      const number = value === null ? 0 : integer(value);
      if (number === undefined) throw wrongType(value, path, 'an int');
      return number;
    });
  }

  objects(key: string): Fields[] | null {
    return this.#list(key, (value, path) => Fields.of(value ?? {}, path));
  }

  object(key: string): Fields | null {
    const value = this.#values.get(key) ?? null;
    return value === null ? null : Fields.of(value, this.#at(key));
  }

  #list<Item>(key: string, read: (value: unknown, path: string) => Item): Item[] | null {
    const value = this.#values.get(key) ?? null;
    if (value === null) return null;
    if (!Array.isArray(value)) throw wrongType(value, this.#at(key), 'an array');
    return value.map((item: unknown, index) => read(item, `${this.#at(key)}[${index}]`));
  }

  #take<Value>(key: string, zero: Value, read: (value: unknown) => Value | undefined, expected: string): Value {
    const value = this.#values.get(key) ?? null;
    if (value === null) return zero;
    const result = read(value);
    if (result === undefined) throw wrongType(value, this.#at(key), expected);
    return result;
  }

  #at(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }
}

/** Written without a point or an exponent, and small enough to be counted with. */
function integer(value: unknown): number | undefined {
  if (!(value instanceof LosslessNumber) || !/^-?\d+$/.test(value.value)) return undefined;
  const number = Number(value.value);
  return Number.isSafeInteger(number) ? number : undefined;
}

function finite(value: unknown): number | undefined {
  const number = value instanceof LosslessNumber ? Number(value.value) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

function freeMap(value: Record<string, unknown>, path: string): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, `${path}.${key}`)]));
}

function plain(value: unknown, path: string): Json {
  if (value instanceof LosslessNumber) {
    const number = Number(value.value);
    if (!Number.isFinite(number)) throw wrongType(value, path, 'a number of 64 bits');
    return number;
  }
  if (Array.isArray(value)) return value.map((item: unknown, index) => plain(item, `${path}[${index}]`));
  if (isObject(value)) return freeMap(value, path);
  return value as null | boolean | string;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof LosslessNumber);
}

function wrongType(value: unknown, path: string, expected: string): Refusal {
  const what =
    value instanceof LosslessNumber ? `number ${value.value}` : Array.isArray(value) ? 'array' : nameOfType(value);
  return new Refusal(400, `json: cannot unmarshal ${what} into ${path || 'the request'}, expected ${expected}`);
}

function nameOfType(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
