import { placeholders } from '../placeholder.ts';
import { type Finding, type Path } from './validate.ts';

/**
 * Reads a file that a template names, by its path relative to the template's folder; throws with a sentence when it cannot.
 * In place of a big file it may give its hash, and see to it that the file is stored under it.
 */
export type ReadFile = (path: string) => Buffer | StoredFile;
export interface StoredFile {
  /** 64 hexadecimal digits. */
  sha256: string;
  /** In bytes. */
  size: number;
}

/** Files up to this size, in bytes, become part of the template. */
export const LARGEST_INLINE = 128 * 1024;

/** Puts the files that `script: {file}` and `copy: {src}` name into the template, or into an action of the catalogue. */
export function withLocalFiles(
  template: unknown,
  readFile: ReadFile | undefined,
): { value: unknown; findings: Finding[] } {
  const findings: Finding[] = [];
  const read = (path: Path, name: unknown): Buffer | StoredFile | undefined => {
    try {
      if (typeof name !== 'string' || name === '') throw new Error('is no path of a file');
      if (!readFile) throw new Error('is a local file, which can be named only in a template that is read from a file');
      return readFile(name);
    } catch (error) {
      findings.push({ path, message: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
  };
  const value =
    isRecord(template) && template['kind'] === 'action'
      ? withFile(template, [], read, findings)
      : mapped(template, 'steps', (step, stepPath) =>
          mapped(step, 'actions', (action, path) => withFile(action, path, read, findings), stepPath),
        );
  return { value, findings };
}

type Read = (path: Path, name: unknown) => Buffer | StoredFile | undefined;

function withFile(action: unknown, path: Path, read: Read, findings: Finding[]): unknown {
  if (!isRecord(action)) return action;
  const { script, copy } = action;
  if (isRecord(script) && 'file' in script) {
    const place = [...path, 'script', 'file'];
    const others = withoutRivals(script, ['file', 'content'], place, findings);
    return { ...action, script: { ...others, ...scriptOf(read(place, script['file']), place, findings) } };
  }
  if (isRecord(copy) && 'src' in copy) {
    const place = [...path, 'copy', 'src'];
    const others = withoutRivals(copy, ['src', 'content', 'base64', 'file'], place, findings);
    return { ...action, copy: { ...others, ...copyOf(read(place, copy['src']), place, findings) } };
  }
  return action;
}

/** The rest of an action, without what says the same as the local file; that is a problem. */
function withoutRivals(
  action: Record<string, unknown>,
  sources: string[],
  path: Path,
  findings: Finding[],
): Record<string, unknown> {
  const rivals = sources.slice(1).filter((key) => key in action);
  if (rivals.length > 0) {
    findings.push({
      path,
      message: `stands beside ${rivals.join(' and ')}`,
      expected: `exactly one of ${sources.join(', ')}`,
    });
  }
  return Object.fromEntries(Object.entries(action).filter(([key]) => !sources.includes(key)));
}

/** After a problem, something that gives no second one. */
function scriptOf(file: Buffer | StoredFile | undefined, path: Path, findings: Finding[]): { content: string } {
  if (file === undefined) return { content: ':' };
  const text = Buffer.isBuffer(file) && file.length <= LARGEST_INLINE ? utf8(file) : undefined;
  if (text !== undefined && text !== '') return { content: text };
  const size = Buffer.isBuffer(file) ? file.length : file.size;
  findings.push({
    path,
    message: size === 0 ? 'is empty' : size > LARGEST_INLINE ? `has ${size} bytes` : 'is no UTF-8 text',
    expected: `a script in UTF-8 of at most ${LARGEST_INLINE} bytes; others can be copied and then run by shell`,
  });
  return { content: ':' };
}

/** A file arrives byte for byte: one with placeholders, which inline text would have replaced, goes as base64. */
function copyOf(
  file: Buffer | StoredFile | undefined,
  path: Path,
  findings: Finding[],
): { content: string } | { base64: string } | { file: StoredFile } {
  if (file === undefined) return { content: '' };
  if (!Buffer.isBuffer(file)) return { file };
  if (file.length > LARGEST_INLINE) {
    findings.push({
      path,
      message: `has ${file.length} bytes`,
      expected: `at most ${LARGEST_INLINE} bytes in a template`,
    });
    return { content: '' };
  }
  const text = utf8(file);
  return text === undefined || /\\\{\{/.test(text) || placeholders(text).length > 0
    ? { base64: file.toString('base64') }
    : { content: text };
}

function utf8(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  return !text.includes('\0') && Buffer.from(text).equals(bytes) ? text : undefined;
}

function mapped(value: unknown, key: string, change: (item: unknown, path: Path) => unknown, path: Path = []): unknown {
  if (!isRecord(value)) return value;
  const items = value[key];
  if (!Array.isArray(items)) return value;
  return { ...value, [key]: items.map((item: unknown, i) => change(item, [...path, key, i])) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
