import type { Document } from '../../model/catalogue/document.ts';
import { parseDocumentsText } from '../../model/parse/documents.ts';
import { Invalid, type Problem } from '../../model/parse/problem.ts';
import { filesBeside, readText, type Upload } from './files.ts';
import { catalogueFiles } from './paths.ts';
import { Problems } from './problems.ts';

/** A document and where it stands. */
export interface PlacedDocument {
  document: Document;
  file: string;
  line: number;
}

export interface CatalogueInput {
  documents: PlacedDocument[];
  uploads: Upload[];
}

/**
 * The catalogue in files and folders, checked as far as that goes without the server. Throws Invalid with every problem of
 * every file.
 */
export function readCatalogue(paths: readonly string[]): CatalogueInput {
  const problems = new Problems();
  const files = catalogueFiles(paths, problems);
  const inputs = files.flatMap((file) => problems.take(() => readCatalogueFile(file)) ?? []);
  const documents = inputs.flatMap((input) => input.documents);
  for (const problem of sameNames(documents)) problems.add(problem);
  problems.throwIfAny();
  return { documents, uploads: inputs.flatMap(({ uploads }) => uploads) };
}

/** The documents of one file. Throws Invalid. */
export function readCatalogueFile(file: string): CatalogueInput {
  const { readFile, uploads } = filesBeside(file);
  const documents = parseDocumentsText(readText(file), file, { readFile });
  return { documents: documents.map((placed) => ({ ...placed, file })), uploads };
}

/** Names count without regard to upper and lower case, as in the catalogue. */
function sameNames(documents: readonly PlacedDocument[]): Problem[] {
  const first = new Map<string, PlacedDocument>();
  return documents.flatMap((placed) => {
    const { kind, name } = placed.document;
    const key = `${kind} ${name.toLowerCase()}`;
    const before = first.get(key);
    if (!before) {
      first.set(key, placed);
      return [];
    }
    const { file, line } = placed;
    const message = `a second ${kind} named ${name}; the first one is at ${before.file}:${before.line}`;
    return [{ file, line, path: 'name', message, expected: 'each once' }];
  });
}

/** What the server found wrong with documents, with the files and lines they came from. */
export function placedProblems(problems: readonly Problem[], documents: readonly PlacedDocument[]): Invalid {
  return new Invalid(
    problems.map((problem) => {
      const [, index, rest] = /^documents\[(\d+)\]\.?(.*)$/s.exec(problem.path) ?? [];
      const placed = index === undefined ? undefined : documents[Number(index)];
      return placed ? { ...problem, file: placed.file, line: placed.line, path: rest ?? '' } : problem;
    }),
  );
}
