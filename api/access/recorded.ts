import type { FastifyRequest } from 'fastify';
import type { Json } from '../../model/json.ts';
import type { Parts } from '../parts.ts';

/** Characters of one text of a request that the audit keeps. */
const LONGEST = 1000;
const DEEPEST = 8;

/** What of a request is recorded in the audit. */
export interface Asked {
  /** As `task.pause`. */
  action: string;
  kind: string;
  name: string;
  before?: unknown;
  /** What was asked. */
  after?: unknown;
}

/** Does what a request asks for, with its entry in the audit: written before, and completed with how it went. */
export function recorded<Result>(
  { store }: Parts,
  { actor }: Pick<FastifyRequest, 'actor'>,
  { action, kind, name, before, after }: Asked,
  act: () => Promise<Result>,
): Promise<Result> {
  const entry = { action, kind, name: name.slice(0, LONGEST), before: asJson(before), after: asJson(after) };
  return store.audit.around(actor, entry, act);
}

/** A part of a request as the audit keeps it: long texts cut, and what is too deep left out. */
function asJson(value: unknown, depth = 0): Json {
  if (typeof value === 'string') return value.slice(0, LONGEST);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'object' || value === null || depth === DEEPEST) return null;
  if (Array.isArray(value)) return value.map((one) => asJson(one, depth + 1));
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries.map(([key, one]) => [key.slice(0, LONGEST), asJson(one, depth + 1)]));
}
