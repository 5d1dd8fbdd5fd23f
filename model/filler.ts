import { addText, split } from './placeholder.ts';
import { RenderError, type Scope, valueOf } from './scope.ts';
import { isSecretReference, SECRET_NAME_SHAPE, secretName, secretVariable } from './secret.ts';
import { fillShell, quote, quoteIfNeeded, type ShellPiece, Unquotable } from './shell.ts';

/** What is written: a command for the node, with secrets as shell variables, or one for people, with secrets as `secret:NAME`. */
export type Audience = 'node' | 'person';

type Filled = { kind: 'text'; text: string } | { kind: 'secret'; name: string; source: string };

/** Puts the values of one scope into the texts of an action, and keeps a list of the secrets they need. */
export class Filler {
  readonly secrets = new Set<string>();
  private readonly scope: Scope;
  private readonly audience: Audience;

  constructor(scope: Scope, audience: Audience) {
    this.scope = scope;
    this.audience = audience;
  }

  /** Shell text: values are quoted as the place they stand in needs it. */
  shell(text: string, path: string): string {
    const pieces: ShellPiece[] = [];
    for (const piece of split(text)) {
      if (piece.kind === 'text') {
        addText(pieces, piece.text);
        continue;
      }
      const value = this.value(piece.name, piece.source, path);
      if (!isSecretReference(value)) {
        if (piece.kind === 'raw') addText(pieces, value);
        else pieces.push({ kind: 'value', value, source: piece.source });
        continue;
      }
      if (piece.kind === 'raw') {
        throw new RenderError(path, `${piece.source} is a secret, which cannot be put in raw; write {{${piece.name}}}`);
      }
      const name = this.secret(value, path);
      if (this.audience === 'person') addText(pieces, `secret:${name}`);
      else pieces.push({ kind: 'variable', name: secretVariable(name), source: piece.source });
    }
    return inPlace(path, () => fillShell(pieces));
  }

  /** One word of a command, quoted. It may be or hold secrets. */
  word(text: string, path: string): string {
    return inPlace(
      path,
      () =>
        this.filled(text, path)
          .map((piece) => this.writeWord(piece))
          .join('') || quote(''),
    );
  }

  /** One word, quoted, of a kind that shows in the list of processes: no place for secrets. */
  openWord(text: string, path: string): string {
    const value = this.plain(text, path, 'it would show in the list of processes; hand it over by `env`');
    return inPlace(path, () => (this.audience === 'person' ? quoteIfNeeded(value) : quote(value)));
  }

  /** The text itself, not for a shell. `why` tells why a secret has no place in it and what to do. */
  plain(text: string, path: string, why: string): string {
    return this.filled(text, path)
      .map((piece) => {
        if (piece.kind === 'text') return piece.text;
        throw new RenderError(path, `${piece.source} is a secret, which has no place here: ${why}`);
      })
      .join('');
  }

  /** Whether the text is, or holds, a secret. */
  hasSecret(text: string, path: string): boolean {
    return this.filled(text, path).some(({ kind }) => kind === 'secret');
  }

  private filled(text: string, path: string): Filled[] {
    if (isSecretReference(text) && !text.includes('{{')) {
      return [{ kind: 'secret', name: this.secret(text, path), source: text }];
    }
    const filled: Filled[] = [];
    for (const piece of split(text)) {
      if (piece.kind === 'text') {
        addText(filled, piece.text);
        continue;
      }
      if (piece.kind === 'raw') {
        throw new RenderError(
          path,
          `${piece.source} is raw, which only the text of shell and script takes; write {{${piece.name}}}`,
        );
      }
      const value = this.value(piece.name, piece.source, path);
      if (isSecretReference(value))
        filled.push({ kind: 'secret', name: this.secret(value, path), source: piece.source });
      else addText(filled, value);
    }
    return filled;
  }

  private writeWord(piece: Filled): string {
    if (piece.kind === 'text') return this.audience === 'person' ? quoteIfNeeded(piece.text) : quote(piece.text);
    return this.audience === 'person' ? `secret:${piece.name}` : `"\${${secretVariable(piece.name)}}"`;
  }

  private value(name: string, source: string, path: string): string {
    const value = valueOf(name, this.scope);
    if (value === undefined) throw new RenderError(path, `${source} has no value`);
    return value;
  }

  private secret(reference: string, path: string): string {
    const name = secretName(reference);
    if (name === undefined) {
      throw new RenderError(path, `${JSON.stringify(reference)} names no secret, expected ${SECRET_NAME_SHAPE}`);
    }
    this.secrets.add(name);
    return name;
  }
}

/** Tells where an Unquotable came from. */
function inPlace(path: string, write: () => string): string {
  try {
    return write();
  } catch (error) {
    throw error instanceof Unquotable ? new RenderError(path, error.message) : error;
  }
}
