import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readingError } from './files.ts';
import type { Problems } from './problems.ts';

const CATALOGUE_FILE = /\.(ya?ml|json)$/;

/**
 * The files of a catalogue that paths name: a file is itself; a folder all *.yaml, *.yml and *.json in it and its folders,
 * sorted, hidden ones left out. Each file once, however often it is named.
 */
export function catalogueFiles(paths: readonly string[], problems: Problems): string[] {
  const files = new Map<string, string>();
  for (const path of paths) {
    for (const file of problems.take(() => filesOf(path)) ?? []) {
      if (!files.has(resolve(file))) files.set(resolve(file), file);
    }
  }
  return [...files.values()];
}

function filesOf(path: string): string[] {
  if (!isFolder(path)) return [path];
  const files = filesIn(path);
  if (files.length === 0) throw readingError(path, 'has no *.yaml, *.yml or *.json in it');
  return files;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      // A link to a folder is not followed: it might lead back here.
      if (entry.isDirectory()) return filesIn(path);
      return CATALOGUE_FILE.test(entry.name) && !isFolder(path) ? [path] : [];
    });
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
