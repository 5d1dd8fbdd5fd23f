import type { Document, Kind } from '../../model/catalogue/document.ts';
import { parseDocument } from '../../model/parse/documents.ts';
import { Invalid } from '../../model/parse/problem.ts';

/** What a reading has that no document has: left out, so that what was read can be edited and sent back. */
const OF_READINGS = ['id', 'version', 'createdAt', 'updatedAt'];
const OF_POOLS = ['count', 'queue', 'unreleased'];
const OF_SCHEDULES = ['paused', 'note', 'nextRun', 'nextRuns', 'running', 'recentRuns', 'skippedRuns', 'missedRuns'];
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
  if (kind === 'pool') return poolWithoutReading(body);
  return without(body, kind === 'schedule' ? [...OF_READINGS, ...OF_SCHEDULES] : OF_READINGS);
}

/** Nodes without an address are the provider's own, and none of a document's. */
function poolWithoutReading(body: Entries): Entries {
  const hasNone = body['provider'] === null ? ['provider'] : [];
  const document = without(body, [...OF_READINGS, ...OF_POOLS, ...hasNone]);
  const { nodes } = document;
  if (!Array.isArray(nodes)) return document;
  const own = nodes.filter((node: unknown) => !(isObject(node) && node['address'] === '' && node['providerId']));
  return { ...document, nodes: own.map((node: unknown) => (isObject(node) ? without(node, OF_NODES) : node)) };
}

type Entries = Record<string, unknown>;

function isObject(value: unknown): value is Entries {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function without(entries: Entries, keys: readonly string[]): Entries {
  return Object.fromEntries(Object.entries(entries).filter(([key]) => !keys.includes(key)));
}
