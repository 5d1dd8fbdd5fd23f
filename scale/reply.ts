import { parse } from 'lossless-json';
import type { Json } from '../model/json.ts';

/** Bytes of a reply's body that are read. */
export const LARGEST_REPLY = 16 * 1024 * 1024;

export class TooLarge extends Error {}

/** The body as text. Throws TooLarge. */
export async function textOf(response: Response): Promise<string> {
  const body: AsyncIterable<Uint8Array> | null = response.body;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > LARGEST_REPLY) throw new TooLarge(`the reply is larger than ${LARGEST_REPLY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Undefined when the text is no JSON. Whole numbers that JavaScript cannot hold (ids of 64 bits) are kept as text. */
export function jsonOf(text: string): Json | undefined {
  try {
    return parse(text, undefined, { parseNumber: numberOf, onDuplicateKey: ({ newValue }) => newValue }) as Json;
  } catch {
    return undefined;
  }
}

function numberOf(text: string): number | string {
  const number = Number(text);
  return Number.isSafeInteger(number) || !/^-?\d+$/.test(text) ? number : text;
}

/** What a vendor says of a failure: the text in one of the usual places, else the beginning of the reply. On one line. */
export function messageIn(json: Json | undefined, text: string): string {
  const told = isObject(json) ? (messageOf(json) ?? text) : text;
  const line = told.replaceAll(/\s+/g, ' ').trim();
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE - 1)}…` : line;
}

const LONGEST_MESSAGE = 300;
const PLACES = ['message', 'msg', 'error_description', 'errorMessage', 'resultMsg', 'detail', 'error', 'errors'];

function messageOf(json: Record<string, Json>): string | undefined {
  for (const place of PLACES) {
    const found = json[place];
    if (typeof found === 'string' && found !== '') return found;
    const inner = Array.isArray(found) ? found[0] : found;
    const deeper = isObject(inner) ? messageOf(inner) : undefined;
    if (deeper !== undefined) return deeper;
  }
  return undefined;
}

function isObject(json: Json | undefined): json is Record<string, Json> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
