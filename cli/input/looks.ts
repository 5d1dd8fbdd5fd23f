import { parseAllDocuments } from 'yaml';

/** Documents of the catalogue say their kind, and only they are several in a file. */
export function looksLikeCatalogue(text: string): boolean {
  const values = valuesOf(text);
  return values.length > 1 || values.some((value) => isRecord(value) && 'kind' in value);
}

/** Nodes are a list, or have `nodes`; everything else wants to be a template, and is told what it lacks. */
export function looksLikeNodes(text: string): boolean {
  const [value] = valuesOf(text);
  return Array.isArray(value) || (isRecord(value) && 'nodes' in value && !('steps' in value));
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What can be read of it: errors are told by whoever checks it. */
function valuesOf(text: string): unknown[] {
  try {
    const documents = parseAllDocuments(text, { logLevel: 'silent' });
    if ('empty' in documents) return [];
    return documents.filter(({ errors }) => errors.length === 0).map((one) => one.toJS() as unknown);
  } catch {
    return [];
  }
}
