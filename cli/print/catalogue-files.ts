import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kind } from '../../model/catalogue/document.ts';
import type { Written } from '../../model/catalogue/written.ts';
import { yamlText } from './yaml.ts';

/** A file and how many documents it has got; with none it is gone. */
export interface WrittenFile {
  file: string;
  documents: number;
}

/**
 * Writes the documents of these kinds to a folder, one file a kind, over what such files held before. Of a kind without
 * documents no file stays.
 */
export async function writeCatalogue(
  folder: string,
  documents: readonly Written[],
  kinds: readonly Kind[],
): Promise<WrittenFile[]> {
  await mkdir(folder, { recursive: true });
  const written: WrittenFile[] = [];
  for (const kind of kinds) {
    const file = join(folder, `${kind}s.yaml`);
    const those = documents.filter((document) => document.kind === kind);
    if (those.length === 0 && !existsSync(file)) continue;
    await (those.length === 0 ? rm(file) : writeFile(file, yamlText(those)));
    written.push({ file, documents: those.length });
  }
  return written;
}
