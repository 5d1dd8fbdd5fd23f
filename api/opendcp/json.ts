import { LosslessNumber, parse } from 'lossless-json';
import { Refusal } from './refusal.ts';

/** Nothing that OpenDCP takes is nested deeper; the database's own limit is a few thousand. */
const DEEPEST = 200;

/**
 * JSON as a Go program reads it: numbers as they are written (`1.0` is no integer), the last one of two equal keys counts.
 * Refuses (400) what is no JSON, and texts that no database takes.
 */
export function readJson(text: string): unknown {
  if (text.trim() === '') throw new Refusal(400, 'unexpected end of JSON input');
  try {
    return storable(parse(text, null, { onDuplicateKey: ({ newValue }) => newValue }), 0);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Refusal(400, syntaxProblem(text, error));
    if (error instanceof RangeError) throw new Refusal(400, 'exceeded max depth');
    throw error;
  }
}

function syntaxProblem(text: string, { message }: SyntaxError): string {
  const position = Number(/at position (\d+)$/.exec(message)?.[1] ?? text.length);
  return position >= text.trimEnd().length || /reached end of input/.test(message)
    ? 'unexpected end of JSON input'
    : `invalid JSON: ${message}`;
}

function storable(value: unknown, depth: number): unknown {
  if (depth > DEEPEST) throw new Refusal(400, 'exceeded max depth');
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return value.map((item) => storable(item, depth + 1));
  if (typeof value !== 'object' || value === null || value instanceof LosslessNumber) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [text(key), storable(item, depth + 1)]));
}

/** Half a character becomes U+FFFD, as in Go. */
function text(value: string): string {
  if (value.includes('\0')) throw new Refusal(400, 'there is a character U+0000 in a text, which cannot be kept');
  return Buffer.from(value).toString();
}
