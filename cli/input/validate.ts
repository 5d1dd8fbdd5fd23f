import type { Kind } from '../../model/catalogue/document.ts';
import { parseNodesText } from '../../model/parse/index.ts';
import { nodes } from '../print/counts.ts';
import { readCatalogueFile } from './catalogue.ts';
import { readTemplate, readText } from './files.ts';
import { looksLikeCatalogue, looksLikeNodes } from './looks.ts';

export interface Valid {
  file: string;
  kind: Kind | 'nodes';
  /** The name of the template or of what else it is, or how many nodes. */
  name: string;
}

/** Checks a file as what it looks like; one of the catalogue has one thing or several. Throws Invalid. */
export function validateFile(file: string): Valid[] {
  const text = readText(file);
  if (looksLikeCatalogue(text))
    return readCatalogueFile(file).documents.map(({ document: { kind, name } }) => ({ file, kind, name }));
  if (looksLikeNodes(text)) return [{ file, kind: 'nodes', name: `(${nodes(parseNodesText(text, file).length)})` }];
  return [{ file, kind: 'template', name: readTemplate(file).template.name }];
}
