import type { Document, Kind } from '../../model/catalogue/document.ts';
import { parseDocument } from '../../model/parse/documents.ts';
import { Invalid } from '../../model/parse/problem.ts';

/** What a reading has that no document has: left out, so that what was read can be edited and sent back. */
const OF_READINGS = ['id', 'version', 'createdAt', 'updatedAt'];
const OF_POOLS = ['provider', 'count', 'queue', 'unreleased'];
const OF_NODES = ['providerId', 'status', 'drained', 'joinedAt'];

/** The document in a request's body. `name`: what the URL says; the body may leave it out. Throws Invalid. */
export function documentIn(kind: Kind, body: unknown, name?: string): Document {
  if (!isObject(body)) throw new Invalid([{ path: '', message: 'is no JSON object', expected: `a ${kind}` }]);
  if (body['kind'] !== undefined && body['kind'] !== kind)
    throw new Invalid([{ path: 'kind', message: 'is another one', expected: `${kind}, or nothing: the URL says it` }]);
  const document = parseDocument({
    ...withoutReading(kind, body),
    kind,
    ...(body['name'] === undefined && name !== undefined && { name }),
  });
  if (name !== undefined && document.name.toLowerCase() !== name.toLowerCase())
    throw new Invalid([
      { path: 'name', message: `is not the one in the URL`, expected: `${name}, or nothing: a ${kind} keeps its name` },
    ]);
  return document;
}

function withoutReading(kind: Kind, body: Entries): Entries {
  const document = without(body, kind === 'pool' ? [...OF_READINGS, ...OF_POOLS] : OF_READINGS);
  const { nodes } = document;
  if (kind !== 'pool' || !Array.isArray(nodes)) return document;
  return { ...document, nodes: nodes.map((node: unknown) => (isObject(node) ? without(node, OF_NODES) : node)) };
}

type Entries = Record<string, unknown>;

function isObject(value: unknown): value is Entries {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function without(entries: Entries, keys: readonly string[]): Entries {
  return Object.fromEntries(Object.entries(entries).filter(([key]) => !keys.includes(key)));
}
