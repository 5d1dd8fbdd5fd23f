import { existsSync } from 'node:fs';
import { parseHostList, parseNodesText } from '../../model/parse/index.ts';
import type { Node } from '../../model/node.ts';
import { readText } from './files.ts';

/** What `--nodes` names: a file of nodes, or hosts separated by commas. Throws Invalid. */
export function readNodes(text: string): Node[] {
  return isFile(text) ? parseNodesText(readText(text), text) : parseHostList(text);
}

/** Something that looks like a path is one also when it does not exist: better "does not exist" than a strange host. */
function isFile(text: string): boolean {
  return !text.includes(',') && (existsSync(text) || text.includes('/') || /\.(ya?ml|json)$/.test(text));
}
