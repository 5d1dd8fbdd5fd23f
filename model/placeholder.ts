/** A piece of a text: as it stands, or a place for a value. `source` is the placeholder as written. */
export type Piece = { kind: 'text'; text: string } | Placeholder;
export interface Placeholder {
  kind: 'value' | 'raw';
  name: string;
  source: string;
}

/** The shape of a parameter's name. */
export const PARAM_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,99}$/;

/** `node.…` and `task.…` are always ours; other dotted names, as in docker's format strings, never. */
const NAME = String.raw`(?:node|task)\.[\w./-]+|[A-Za-z_][\w-]*`;
const PLACEHOLDER = new RegExp(String.raw`(\\*)(?:\{\{\{\s*(${NAME})\s*\}\}\}|\{\{\s*(${NAME})\s*\}\})`, 'g');

/**
 * Splits a text at its placeholders: `{{name}}`, `{{{name}}}`, `{{node.labels.zone}}`. Everything else in braces is text.
 * A backslash in front, `\{{name}}`, makes it text, and goes; two stay what they are, as two backslashes.
 */
export function split(text: string): Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    const [whole, backslashes = '', raw, name = ''] = match;
    const start = match.index + backslashes.length;
    const source = whole.slice(backslashes.length);
    if (backslashes.length % 2 === 1) {
      addText(pieces, text.slice(done, start - 1) + source);
    } else {
      addText(pieces, text.slice(done, start));
      pieces.push(raw === undefined ? { kind: 'value', name, source } : { kind: 'raw', name: raw, source });
    }
    done = match.index + whole.length;
  }
  addText(pieces, text.slice(done));
  return pieces;
}

/** The text with a backslash before what would be a placeholder, so that it stands for itself. */
export function literally(text: string): string {
  return text.replaceAll(PLACEHOLDER, (whole: string, backslashes: string) =>
    backslashes.length % 2 === 0 ? `${backslashes}\\${whole.slice(backslashes.length)}` : whole,
  );
}

export function placeholders(text: string): Placeholder[] {
  return split(text).filter((piece) => piece.kind !== 'text');
}

/** Adds to the text piece at the end, so that two text pieces never stand side by side. */
export function addText(pieces: { kind: string; text?: string }[], text: string): void {
  if (text === '') return;
  const last = pieces.at(-1);
  if (last?.kind === 'text') last.text = (last.text ?? '') + text;
  else pieces.push({ kind: 'text', text });
}
