import { parse } from 'yaml';
import { parseNodesText } from '../../model/parse/index.ts';
import { nodes } from '../print/counts.ts';
import { readTemplate, readText } from './files.ts';

export interface Valid {
  file: string;
  kind: 'template' | 'nodes';
  /** The template's name, or how many nodes. */
  name: string;
}

/** Checks a file as what it looks like. Throws Invalid. */
export function validateFile(file: string): Valid {
  const text = readText(file);
  if (looksLikeNodes(text)) return { file, kind: 'nodes', name: `(${nodes(parseNodesText(text, file).length)})` };
  return { file, kind: 'template', name: readTemplate(file).template.name };
}

/** Nodes are a list, or have `nodes`; everything else wants to be a template, and is told what it lacks. */
function looksLikeNodes(text: string): boolean {
  try {
    const value: unknown = parse(text, { logLevel: 'silent' });
    return (
      Array.isArray(value) || (typeof value === 'object' && value !== null && 'nodes' in value && !('steps' in value))
    );
  } catch {
    return false;
  }
}
