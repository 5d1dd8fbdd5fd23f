import type { Filler } from '../filler.ts';
import { quote } from '../shell.ts';
import type { CommandOptions } from '../template.ts';
import { asUser } from './as-user.ts';

/** Wraps a body, shell text, in what an action says of its surroundings: user, environment, folder, standard input. */
export function surround(body: string, options: CommandOptions, filler: Filler, path: string): string {
  const inside = [
    ...exports(options, filler, path),
    ...folder(options, filler, path),
    withInput(body, options, filler, path),
  ];
  const script = `${inside.join('\n')}\n`;
  if (options.sudo === undefined || options.sudo === false) return script;
  return asUser(options.sudo === true ? 'root' : options.sudo, script, filler, `${path}.sudo`);
}

function exports({ env = {} }: CommandOptions, filler: Filler, path: string): string[] {
  return Object.entries(env).map(([name, value]) => `export ${name}=${filler.word(value, `${path}.env.${name}`)}`);
}

function folder({ cwd }: CommandOptions, filler: Filler, path: string): string[] {
  if (cwd === undefined) return [];
  const word = filler.word(cwd, `${path}.cwd`);
  // CDPATH would let a relative folder mean another one, and make cd talk.
  return [`CDPATH= cd -- ${word} 2>/dev/null || { printf 'cannot change to folder %s\\n' ${word} >&2; exit 1; }`];
}

/** `eval` of a quoted text: whatever the body is, it cannot reach out of the pipe it is put into. */
function withInput(body: string, { stdin }: CommandOptions, filler: Filler, path: string): string {
  if (stdin === undefined) return body;
  return `printf %s ${filler.word(stdin, `${path}.stdin`)} 2>/dev/null | eval ${quote(body)}`;
}
