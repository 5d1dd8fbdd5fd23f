import * as z from 'zod';
import { HTTP_PLACES, methodOf, type HttpRequestName, placesIn, placesInText, textsIn } from '../pool/http-request.ts';
import type { HttpRequest } from '../pool/provider.ts';
import { isSecretReference, SECRET_NAME_SHAPE, secretName } from '../secret.ts';
import { apiShape, jsonPath } from './api-options.ts';
import { suggestion } from './nearest.ts';
import { flag, listOf, mapOf, object, optional, scalar, text, whatever, wholeNumber, written } from './shapes.ts';

const path = scalar('a path as /v1/machines/{{id}}, from the endpoint on', (value) =>
  typeof value === 'string' && /^\/(?!\/)[^\s#]*$/.test(value.replaceAll(/\{\{.*?\}\}/g, 'x')) ? value : undefined,
);

/** As RFC 9110 has it. */
const HEADER = { pattern: /^[\w!#$%&'*+.^`|~-]{1,100}$/, expected: 'the name of an HTTP header' };
const headers = mapOf(text, HEADER);

const requestShape = {
  method: optional(z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])),
  path,
  headers: optional(headers),
  body: optional(z.json()),
  okStatus: optional(listOf(wholeNumber(200, 499, 'an HTTP status, 200 to 499'), 'a list of statuses as [200, 404]')),
  ok: optional(object({ path: jsonPath, is: written })),
};

/** In the vendor's words. */
const statuses = listOf(written, 'a list of statuses as ["RUNNING"]');

const create = object({ ...requestShape, ids: jsonPath, keyed: optional(flag) })
  .check(fits('create'))
  .refine((request) => !request.keyed || (isRequest(request) && placesIn(request).includes('key')), {
    when: whatever,
    path: ['keyed'],
    error: 'is told by a key, and the request has none',
    params: { expected: '{{key}} in its path, headers or body' },
  });

const list = object({
  ...requestShape,
  items: jsonPath,
  id: jsonPath,
  status: jsonPath,
  address: optional(jsonPath),
  port: optional(jsonPath),
  running: statuses,
  failed: optional(statuses),
  leaving: optional(statuses),
  gone: optional(statuses),
  pages: optional(object({ query: text, next: optional(jsonPath) })),
}).check(fits('list'));

const act = (name: HttpRequestName) =>
  object({ ...requestShape, repeatable: optional(flag) }).check(fits(name), namesMachines(name));

export const http = object({
  ...apiShape,
  headers: optional(
    headers.check(({ value, issues }) => {
      for (const [name, header] of Object.entries(value)) tell(issues, [name], [header], [], value);
    }),
  ),
  create,
  list,
  release: object(requestShape).check(fits('release'), namesMachines('release')),
  register: optional(act('register')),
  unregister: optional(act('unregister')),
  drain: optional(act('drain')),
  undrain: optional(act('undrain')),
  restart: optional(act('restart')),
});

/** Only placeholders that this request has values for; a body only where HTTP has one. */
function fits(name: HttpRequestName) {
  const check = z.check<HttpRequest>(({ value, issues }) => {
    if (!isRequest(value)) return;
    tell(issues, ['path'], [value.path], HTTP_PLACES[name], value);
    for (const [header, content] of Object.entries(value.headers ?? {}))
      tell(issues, ['headers', header], [content], HTTP_PLACES[name], value);
    tell(issues, ['body'], textsIn(value.body ?? null), HTTP_PLACES[name], value);
    if (value.body === undefined || (value.method ?? methodOf(name)) !== 'GET') return;
    const params = { expected: 'none, or another method' };
    issues.push({ code: 'custom', path: ['body'], message: 'is of a GET, which has no body', params, input: value });
  });
  check._zod.def.when = whatever;
  return check;
}

/** The machines that it is for, one or all of them, and not both. */
function namesMachines(name: HttpRequestName) {
  const check = z.check<HttpRequest>(({ value, issues }) => {
    if (!isRequest(value)) return;
    const places = placesIn(value);
    const isEach = places.some((place) => place === 'id' || place === 'address');
    const isAll = places.some((place) => place === 'ids' || place === 'addresses');
    if (isEach !== isAll) return;
    const message = isEach ? 'is for one machine and for all of them' : `does not say which machines to ${name}`;
    const params = {
      expected: '{{id}} or {{address}}, once for each machine; or {{ids}} or {{addresses}}, once for all',
    };
    issues.push({ code: 'custom', message, params, input: value });
  });
  check._zod.def.when = whatever;
  return check;
}

function tell(
  issues: z.core.$ZodRawIssue[],
  path: string[],
  texts: readonly string[],
  allowed: readonly string[],
  input: unknown,
): void {
  for (const content of texts) {
    for (const { message, expected } of faultsOf(content, allowed))
      issues.push({ code: 'custom', path, message, params: { expected }, input });
  }
}

function faultsOf(content: string, allowed: readonly string[]): { message: string; expected: string }[] {
  if (isSecretReference(content)) {
    const [, name = 'NAME'] = content.split(':');
    return [{ message: 'is text, and no secret, as it stands', expected: `{{secret:${name}}}` }];
  }
  return placesInText(content).flatMap((place) => {
    if (isSecretReference(place)) {
      return secretName(place) === undefined
        ? [{ message: `{{${place}}} names no secret`, expected: SECRET_NAME_SHAPE }]
        : [];
    }
    return allowed.includes(place)
      ? []
      : [{ message: `{{${place}}} has no value here`, expected: suggestion(place, allowed) }];
  });
}

/** Checks of a whole are made even when parts of it are wrong. */
function isRequest(value: HttpRequest): boolean {
  const { path: written, headers: all = {} }: { path: unknown; headers?: unknown } = value;
  if (typeof written !== 'string' || typeof all !== 'object' || all === null) return false;
  return Object.values(all).every((header) => typeof header === 'string');
}
