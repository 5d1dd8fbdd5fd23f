import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LARGEST_INLINE, parseTemplateText, type StoredFile } from '../../model/parse/index.ts';
import { Invalid } from '../../model/parse/problem.ts';
import type { Template } from '../../model/template.ts';

/** A file that a template copies to nodes and that is too big to be part of it. */
export interface Upload extends StoredFile {
  path: string;
}

/** The template in a file, with the files it names, which are relative to it. Throws Invalid. */
export function readTemplate(file: string): { template: Template; uploads: Upload[] } {
  const uploads: Upload[] = [];
  const readFile = (name: string): Buffer | StoredFile => {
    const path = resolve(dirname(file), name);
    const bytes = read(path, name);
    if (bytes.length <= LARGEST_INLINE) return bytes;
    const stored = { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
    uploads.push({ ...stored, path });
    return stored;
  };
  return { template: parseTemplateText(readText(file), file, { readFile }), uploads };
}

/** The text of an input file. Throws Invalid when it cannot be read. */
export function readText(file: string): string {
  try {
    return read(file, file).toString('utf8');
  } catch (error) {
    throw new Invalid([{ file, line: 1, path: '', message: (error as Error).message.replace(`${file} `, '') }]);
  }
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
