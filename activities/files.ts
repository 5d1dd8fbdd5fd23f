import { createHash } from 'node:crypto';
import type { CopyAction } from '../model/template.ts';
import { CopyFailed } from '../remote/copy.ts';
import type { Files } from '../store/files.ts';

/** The bytes that a copy action puts on the node. */
export async function decodeFile(
  files: Files,
  action: CopyAction,
): Promise<{ content: Buffer; size: number; sha256: string }> {
  const content = await bytesOf(files, action);
  return { content, size: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

async function bytesOf(files: Files, { dest, content, base64, file }: CopyAction): Promise<Buffer> {
  if (content !== undefined) return Buffer.from(content);
  if (base64 !== undefined) return Buffer.from(base64, 'base64');
  const stored = file && (await files.get(file.sha256));
  if (!stored)
    throw new CopyFailed(
      `the content of ${dest} is not in the store (sha256 ${file?.sha256 ?? 'not given'}): submit the task again`,
    );
  return stored;
}
