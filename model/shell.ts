import { ShellReader } from './shell-reader.ts';

/** A piece of shell text: as it stands, a value to arrive as it is, or a variable whose value is to arrive as it is. */
export type ShellPiece =
  | { kind: 'text'; text: string }
  | { kind: 'value'; value: string; source: string }
  | { kind: 'variable'; name: string; source: string };

/** No quoting can make a value safe there; `message` says where and what to do. */
export class Unquotable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Unquotable';
  }
}

/** One word that any POSIX shell reads as exactly this text. Throws Unquotable on NUL, which no shell can hold. */
export function quote(text: string): string {
  if (text.includes('\0')) throw new Unquotable('the value holds a NUL character, which no command can be given');
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The same for people: without quotes where they change nothing. */
export function quoteIfNeeded(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : quote(text);
}

/**
 * Puts values into shell text so that each arrives literally, whatever the quotes around it. What a command makes of its
 * words afterwards (`eval`, `sh -c`, `[[ … -eq … ]]`) is its own affair. Throws Unquotable where no quoting is safe.
 */
export function fillShell(pieces: readonly ShellPiece[]): string {
  const reader = new ShellReader();
  const last = pieces.findLastIndex(({ kind }) => kind !== 'text');
  let filled = '';
  for (const [i, piece] of pieces.entries()) {
    if (piece.kind === 'text') {
      // What comes after the last value makes no difference to any.
      if (i < last) reader.read(piece.text);
      filled += piece.text;
      continue;
    }
    const place = reader.place();
    if ('refused' in place) {
      throw new Unquotable(
        `${piece.source} stands ${place.refused}, where no quoting is safe; hand it over by \`env:\` and write "$NAME", or move it out of there`,
      );
    }
    const word = piece.kind === 'value' ? quote(piece.value) : `"\${${piece.name}}"`;
    filled += { plain: word, double: `"${word}"`, single: `'${word}'` }[place.quotes];
  }
  return filled;
}
