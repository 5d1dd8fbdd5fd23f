import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Document } from '../../model/catalogue/document.ts';
import { parseDocumentsText } from '../../model/parse/documents.ts';
import { LARGEST_INLINE, parseTemplateText, type StoredFile } from '../../model/parse/index.ts';
import { Invalid } from '../../model/parse/problem.ts';
import type { ReadFile } from '../../model/parse/local-files.ts';
import type { TemplateSpec } from '../../model/template.ts';
import { looksLikeCatalogue } from './looks.ts';

/** A file that a template copies to nodes and that is too big to be part of it. */
export interface Upload extends StoredFile {
  path: string;
}

/** The template in a file, also in one of the catalogue, with the files it names. Throws Invalid. */
export function readTemplate(file: string): { template: TemplateSpec; uploads: Upload[] } {
  const text = readText(file);
  const { readFile, uploads } = filesBeside(file);
  const template = looksLikeCatalogue(text)
    ? onlyTemplate(parseDocumentsText(text, file, { readFile }), file)
    : parseTemplateText(text, file, { readFile });
  return { template, uploads };
}

function onlyTemplate(documents: readonly { document: Document }[], file: string): TemplateSpec {
  const templates = documents.flatMap(({ document }) => (document.kind === 'template' ? [document] : []));
  const [only, ...others] = templates;
  if (!only || others.length > 0)
    throw readingError(
      file,
      `has ${templates.length} templates, expected one; or apply it, and run a template by its name`,
    );
  const { name, description, params, steps, rollout } = only;
  return { name, params, steps, ...(description !== undefined && { description }), ...(rollout && { rollout }) };
}

/** Reads what a file names by paths relative to it; what is too big to be part of it comes to be in `uploads`. */
export function filesBeside(file: string): { readFile: ReadFile; uploads: Upload[] } {
  const uploads: Upload[] = [];
  const readFile = (name: string): Buffer | StoredFile => {
    const path = resolve(dirname(file), name);
    const bytes = read(path, name);
    if (bytes.length <= LARGEST_INLINE) return bytes;
    const stored = { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
    uploads.push({ ...stored, path });
    return stored;
  };
  return { readFile, uploads };
}

/** The text of an input file. Throws Invalid when it cannot be read. */
export function readText(file: string): string {
  try {
    return read(file, file).toString('utf8');
  } catch (error) {
    throw readingError(file, (error as Error).message.replace(`${file} `, ''));
  }
}

/** Something is wrong with an input file as a whole. */
export function readingError(file: string, message: string): Invalid {
  return new Invalid([{ file, line: 1, path: '', message }]);
}

function read(path: string, name: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`${name} ${reasonOf(error as NodeJS.ErrnoException)}`, { cause: error });
  }
}

function reasonOf(error: NodeJS.ErrnoException): string {
  return REASONS[error.code ?? ''] ?? `cannot be read: ${error.message}`;
}

const REASONS: Record<string, string> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a directory, expected a file',
  EACCES: 'may not be read by you',
};
