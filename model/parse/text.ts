import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  parseDocument,
  visit,
  type Document,
} from 'yaml';
import { Invalid } from './problem.ts';
import type { Origin, Path } from './validate.ts';

/** A value as a text had it, and where in the text its parts stand. */
export interface Parsed {
  value: unknown;
  origin: Origin;
}

/** The value in a YAML or JSON text. Throws Invalid when it is neither. */
export function parseText(text: string, file: string): Parsed {
  const lines = new LineCounter();
  return read(parseDocument(text, { ...OPTIONS, lineCounter: lines }), file, lines);
}

/** The values of a YAML text of one document or several, `---` between them; documents with nothing in them are left out. */
export function parseTexts(text: string, file: string): Parsed[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { ...OPTIONS, lineCounter: lines });
  if ('empty' in documents) return [];
  return documents.filter((one) => !isNothing(one)).map((one) => read(one, file, lines));
}

function isNothing({ contents, errors }: Document): boolean {
  return errors.length === 0 && (contents === null || (isScalar(contents) && contents.value === null));
}

const OPTIONS = { prettyErrors: false, merge: true } as const;

function read(document: Document, file: string, lines: LineCounter): Parsed {
  if (document.errors.length > 0) {
    throw new Invalid(
      document.errors.map((error) => ({
        file,
        line: lines.linePos(error.pos[0]).line,
        path: '',
        message: error.code === 'MULTIPLE_DOCS' ? 'there is a second document' : `no YAML or JSON: ${error.message}`,
        ...(error.code === 'MULTIPLE_DOCS' && { expected: 'one document a file' }),
      })),
    );
  }
  keepAsWritten(document);
  const origin = { file, line: (path: Path, key?: string) => lines.linePos(offsetOf(document, path, key)).line };
  try {
    return { value: document.toJS() as unknown, origin };
  } catch (error) {
    // Aliases that lead nowhere, or multiply without end.
    throw new Invalid([
      { file, line: 1, path: '', message: `no YAML or JSON: ${error instanceof Error ? error.message : ''}` },
    ]);
  }
}

const TEXTS = new Set(['env', 'params', 'labels', 'args', 'command', 'options', 'default', 'cpus', 'memory', 'user']);

/** Where text is wanted, `tag: 1.10` means "1.10", though to YAML it is the number 1.1. */
function keepAsWritten(document: Document): void {
  visit(document, {
    Scalar(_, scalar, ancestors) {
      if (typeof scalar.value !== 'number' || scalar.source === undefined) return;
      const keys = ancestors
        .filter(isPair)
        .slice(-2)
        .map(({ key }) => (isScalar(key) ? String(key.value) : ''));
      const isKey = ancestors.filter(isPair).at(-1)?.key === scalar;
      if (!isKey && keys.some((key, i) => TEXTS.has(key) && (i === keys.length - 1 || !isMap(lastPair(ancestors))))) {
        scalar.value = scalar.source;
      }
    },
  });
}

function lastPair(ancestors: readonly unknown[]): unknown {
  const pair = ancestors.filter(isPair).at(-1);
  return pair?.value;
}

/** Where the value at the path begins; as near to it as there is something. */
function offsetOf(document: Document, path: Path, key: string | undefined): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of key === undefined ? path : [...path, key]) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
      if (!pair) break;
      node = pair.value;
      // The key's own line: a block value begins on the next one.
      offset = startOf(pair.key) ?? offset;
    } else if (isSeq(node) && typeof part === 'number') {
      node = node.items[part];
      offset = startOf(node) ?? offset;
    } else break;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}
