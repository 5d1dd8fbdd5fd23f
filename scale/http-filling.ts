import type { Json } from '../model/json.ts';
import { HTTP_PLACE, placesIn } from '../model/pool/http-request.ts';
import type { HttpRequest } from '../model/pool/provider.ts';
import type { ApiRequest } from './api.ts';
import { Refused } from './provider.ts';

/** By the names of placeholders. Texts that are empty are as good as missing. */
export type Values = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** A described request with its values in place. Throws Refused when one has no value. */
export function filled(request: HttpRequest, values: Values): Pick<ApiRequest, 'path' | 'headers' | 'body'> {
  for (const name of placesIn(request)) {
    const value = values[name];
    if (value === undefined || value === '' || (Array.isArray(value) && value.includes('')))
      throw new Refused(`${request.path}: there is no value for {{${name}}}`);
  }
  return {
    path: inPath(request.path, values),
    ...(request.headers && { headers: inHeaders(request.headers, values) }),
    ...(request.body !== undefined && { body: inBody(request.body, values) }),
  };
}

export function inHeaders(headers: Readonly<Record<string, string>>, values: Values): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, inText(text, values)]));
}

function inPath(text: string, values: Values): string {
  return replaced(text, (name) => listed(values[name], inSegment));
}

/** A URL takes `.` and `..` away with what is before them, however they are encoded. */
function inSegment(text: string): string {
  if (/^\.\.?$/.test(text)) throw new Refused(`${JSON.stringify(text)} cannot be put into a path`);
  return encodeURIComponent(text);
}

function inText(text: string, values: Values): string {
  return replaced(text, (name) => listed(values[name]));
}

function inBody(body: Json, values: Values): Json {
  if (typeof body === 'string') return wholeOf(body, values) ?? inText(body, values);
  if (typeof body !== 'object' || body === null) return body;
  if (Array.isArray(body)) return body.map((entry) => inBody(entry, values));
  return Object.fromEntries(Object.entries(body).map(([key, entry]) => [key, inBody(entry, values)]));
}

/** A text that is one placeholder, in two braces: its value as it is. */
function wholeOf(text: string, values: Values): Json | undefined {
  const [whole, , name] = [...text.matchAll(HTTP_PLACE)][0] ?? [];
  if (whole !== text || name === undefined) return undefined;
  const value = values[name];
  return typeof value === 'string' || typeof value === 'number' || value === undefined ? value : [...value];
}

function replaced(text: string, put: (name: string) => string): string {
  return text.replaceAll(HTTP_PLACE, (_whole, raw?: string, plain?: string) => put(raw ?? plain ?? ''));
}

function listed(value: Values[string], write = (text: string) => text): string {
  if (value === undefined) return '';
  return typeof value === 'string' || typeof value === 'number' ? write(String(value)) : value.map(write).join(',');
}
