import type { Json } from '../json.ts';
import { secretName } from '../secret.ts';
import type { HttpSpec, ProviderSpec } from './provider.ts';

/** A value of a provider that is a secret, and stands there in plain text. */
interface PlainSecret {
  path: (string | number)[];
  expected: string;
}

const REFERENCE = '"secret:NAME": a secret that the worker knows by this name';
const PLACEHOLDER = '"{{secret:NAME}}" in its place: a secret that the worker knows by this name';

/** Keys of the providers' own that hold secrets. */
const SECRETS = new Set(['token', 'privateKey', 'appkey', 'accesskey']);

/** Names of headers, and of keys in a body, that hold secrets as a rule. */
export const SECRETIVE = /authorization|cookie|token|secret|password|(api|app|access|private)[-_]?key/i;

/** Where a provider has a secret in plain text. References and placeholders are none. */
export function plainSecrets(spec: ProviderSpec): PlainSecret[] {
  if (!('http' in spec)) return named(spec);
  return ofHttp(spec.http).map(({ path, expected }) => ({ path: ['http', ...path], expected }));
}

function named(value: object): PlainSecret[] {
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) => {
    if (SECRETS.has(key)) return isReference(item) ? [] : [{ path: [key], expected: REFERENCE }];
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return [];
    return named(item).map(({ path, expected }) => ({ path: [key, ...path], expected }));
  });
}

function isReference(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && secretName(value) !== undefined);
}

function ofHttp({ headers = {}, ...rest }: HttpSpec): PlainSecret[] {
  const requests = Object.entries(rest).flatMap(([key, request]) => {
    if (typeof request !== 'object') return [];
    const { headers: own = {}, body = null } = request;
    return [...among(own, [key, 'headers']), ...among(body, [key, 'body'])];
  });
  return [...among(headers, ['headers']), ...requests];
}

/** Texts under keys that tell of a secret. */
function among(value: Json, path: (string | number)[]): PlainSecret[] {
  if (typeof value === 'string') {
    const key = path.at(-1);
    const isPlain = typeof key === 'string' && SECRETIVE.test(key) && value !== '' && !value.includes('{{');
    return isPlain ? [{ path, expected: PLACEHOLDER }] : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, item]) => among(item, [...path, key]));
}
