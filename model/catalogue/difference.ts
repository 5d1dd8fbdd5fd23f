import { KINDS, type Change, type Document, type FieldChange } from './document.ts';
import { written } from './written.ts';

/**
 * What has to change for the catalogue to be as wanted: creations and updates in the order in which they can be made, then
 * deletions in theirs. `prune` deletes what is not wanted of the kinds that `wanted` has. A pool whose document has no
 * nodes keeps those it has.
 */
export function difference(
  current: readonly Document[],
  wanted: readonly Document[],
  { prune }: { prune: boolean },
): Change[] {
  const present = new Map(current.map((document) => [keyOf(document), document]));
  const made = inOrder(wanted).flatMap((document): Change[] => {
    const before = present.get(keyOf(document));
    const { kind, name } = document;
    if (!before) return [{ kind, name, change: 'create', fields: [] }];
    const fields = fieldChanges(before, document);
    return fields.length === 0 ? [] : [{ kind, name, change: 'update', fields }];
  });
  return [...made, ...(prune ? deletions(current, wanted) : [])];
}

function deletions(current: readonly Document[], wanted: readonly Document[]): Change[] {
  const kinds = new Set(wanted.map(({ kind }) => kind));
  const names = new Set(wanted.map(keyOf));
  return inOrder(current)
    .filter((document) => kinds.has(document.kind) && !names.has(keyOf(document)))
    .map(({ kind, name }): Change => ({ kind, name, change: 'delete', fields: [] }))
    .reverse();
}

/** Names are the same without regard to case. */
export function keyOf({ kind, name }: { kind: string; name: string }): string {
  return `${kind} ${name.toLowerCase()}`;
}

function inOrder(documents: readonly Document[]): Document[] {
  return KINDS.flatMap((kind) => {
    const own = documents.filter((document) => document.kind === kind);
    return kind === 'pool' ? dependenciesFirst(own) : own;
  });
}

/** Pools after those that they depend on, and else as they come. */
function dependenciesFirst(pools: readonly Document[]): Document[] {
  const byKey = new Map(pools.map((pool) => [keyOf(pool), pool]));
  const ordered = new Set<Document>();
  const begun = new Set<Document>();
  const add = (pool: Document | undefined): void => {
    if (!pool || begun.has(pool)) return;
    begun.add(pool);
    if (pool.kind === 'pool')
      for (const { pool: name } of pool.dependsOn ?? []) add(byKey.get(keyOf({ kind: 'pool', name })));
    ordered.add(pool);
  };
  for (const pool of pools) add(pool);
  return [...ordered];
}

function fieldChanges(before: Document, after: Document): FieldChange[] {
  const fields: FieldChange[] = [];
  const nodesStay = after.kind === 'pool' && after.nodes === undefined;
  compare({ ...comparable(before), ...(nodesStay && { nodes: undefined }) }, comparable(after), '', fields);
  return fields;
}

/** Nodes are told apart by name, wherever they stand in the list. */
function comparable(document: Document): Record<string, unknown> {
  const all: Record<string, unknown> = written(document);
  if (document.kind !== 'pool' || !document.nodes) return all;
  const nodes = document.nodes.map((node, i) => [node.name, (all['nodes'] as unknown[])[i]]);
  return { ...all, nodes: Object.fromEntries(nodes) as Record<string, unknown> };
}

function compare(before: unknown, after: unknown, path: string, fields: FieldChange[]): void {
  if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      compare(before[key], after[key], path === '' ? key : `${path}.${key}`, fields);
  } else if (Array.isArray(before) && Array.isArray(after)) {
    for (let i = 0; i < Math.max(before.length, after.length); i++)
      compare(before[i], after[i], `${path}[${i}]`, fields);
  } else if (before !== after && JSON.stringify(before) !== JSON.stringify(after)) {
    fields.push({ path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
