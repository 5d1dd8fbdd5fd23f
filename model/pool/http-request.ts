import type { Json } from '../json.ts';
import type { HttpRequest, HttpSpec } from './provider.ts';

export const HTTP_ACTS = ['register', 'unregister', 'drain', 'undrain', 'restart'] as const;
export type HttpAct = (typeof HTTP_ACTS)[number];
export type HttpRequestName = 'create' | 'list' | 'release' | HttpAct;

const EACH = ['id', 'address'];
const ALL = ['ids', 'addresses'];

/**
 * What `{{…}}` stands for in each request. A whole text of a body that is one placeholder becomes what it is, a number (count,
 * vm_type_id, service_discovery_id, timeout) or a list (ids, addresses); within a text, and with three braces `{{{count}}}`, it is text,
 * of lists with commas. `timeout`: seconds. Everywhere: `{{secret:NAME}}`.
 */
export const HTTP_PLACES: Record<HttpRequestName, readonly string[]> = {
  create: ['count', 'key', 'vm_type_id'],
  list: [],
  release: ['id', 'ids', 'vm_type_id'],
  register: [...EACH, ...ALL, 'service_discovery_id'],
  unregister: [...EACH, ...ALL, 'service_discovery_id'],
  drain: [...EACH, ...ALL, 'timeout'],
  undrain: [...EACH, ...ALL],
  restart: [...EACH, ...ALL],
};

export const HTTP_PLACE = /\{\{\{\s*([\w.:-]+)\s*\}\}\}|\{\{\s*([\w.:-]+)\s*\}\}/g;

/** The names in a text, as `count` or `secret:TOKEN`. */
export function placesInText(text: string): string[] {
  return [...text.matchAll(HTTP_PLACE)].map(([, raw, plain]) => raw ?? plain ?? '');
}

/** The names in all texts of a request. */
export function placesIn({ path, headers = {}, body = null }: HttpRequest): string[] {
  return [path, ...Object.values(headers), ...textsIn(body)].flatMap(placesInText);
}

/** `each`: made once for each machine. `all`: once for all of them. */
export function reach(request: HttpRequest): 'each' | 'all' {
  return placesIn(request).some((name) => ALL.includes(name)) ? 'all' : 'each';
}

export function methodOf(name: HttpRequestName): NonNullable<HttpRequest['method']> {
  return name === 'list' ? 'GET' : name === 'release' ? 'DELETE' : 'POST';
}

/** The secrets that any of its requests needs. */
export function secretsOf(spec: HttpSpec): string[] {
  const requests = [spec.create, spec.list, spec.release, ...HTTP_ACTS.flatMap((act) => spec[act] ?? [])];
  const names = [...Object.values(spec.headers ?? {}).flatMap(placesInText), ...requests.flatMap(placesIn)];
  const secrets = names.filter((name) => name.startsWith('secret:')).map((name) => name.slice('secret:'.length));
  return [...new Set(secrets)];
}

export function textsIn(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
