import type { Filler } from '../filler.ts';
import { RenderError } from '../scope.ts';
import type { CopyAction } from '../template.ts';

const NO_SECRETS = 'what is copied is kept in the task; write it by `shell` with `env`';

/** Placeholders in where the file goes, whose it is, and in inline `content`; never in `base64` and stored files. */
export function renderCopy(copy: CopyAction, filler: Filler): CopyAction {
  const fill = (key: string, text: string) => filler.plain(text, `copy.${key}`, NO_SECRETS);
  const filled: CopyAction = { ...copy, dest: fill('dest', copy.dest) };
  if (copy.content !== undefined) filled.content = fill('content', copy.content);
  if (copy.mode !== undefined) filled.mode = fill('mode', copy.mode);
  if (copy.owner !== undefined) filled.owner = fill('owner', copy.owner);
  checkShapes(filled);
  return filled;
}

function checkShapes({ dest, mode, owner }: CopyAction): void {
  if (!isFilePath(dest)) throw new RenderError('copy.dest', `"${dest}" is no file's path, expected ${FILE_PATH_SHAPE}`);
  if (mode !== undefined && !isMode(mode))
    throw new RenderError('copy.mode', `"${mode}" is no mode, expected ${MODE_SHAPE}`);
  if (owner !== undefined && !isOwner(owner))
    throw new RenderError('copy.owner', `"${owner}" is no owner, expected ${OWNER_SHAPE}`);
}

export const FILE_PATH_SHAPE = 'an absolute path of a file, as /etc/app.conf';
export const MODE_SHAPE = 'an octal mode in quotes, as "0644"';
export const OWNER_SHAPE = 'user or user:group';

export function isFilePath(text: string): boolean {
  return text.startsWith('/') && !text.endsWith('/') && !text.includes('\0');
}

export function isMode(text: string): boolean {
  return /^[0-7]{3,4}$/.test(text);
}

export function isOwner(text: string): boolean {
  return /^[A-Za-z0-9_][\w.@$-]*(?::[A-Za-z0-9_][\w.@$-]*)?$/.test(text);
}
