import type { Filler } from '../filler.ts';
import { RenderError } from '../scope.ts';
import { secretVariable } from '../secret.ts';
import { quote } from '../shell.ts';
import type { CommandOptions } from '../template.ts';

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

/**
 * The script goes to the other user's shell by standard input, with the secrets in front, because arguments show in the list of
 * processes and sudo clears the environment. That shell reads all of it before it runs any.
 */
function asUser(user: string, script: string, filler: Filler, path: string): string {
  const name = filler.openWord(user, path);
  if (name.startsWith("'-") || name === "''") throw new RenderError(path, `${name} is no user's name`);
  const secrets = [...filler.secrets].map(secretVariable).map(
    // Quoted by sed on the way: ' becomes '\'' and the whole gets quotes around it.
    (variable) =>
      `printf 'export ${variable}='; printf '%s\\n' "\${${variable}}" | LC_ALL=C sed "s/'/'\\\\\\\\''/g; 1s/^/'/; \\$s/\\$/'/"`,
  );
  return [
    '{',
    ...secrets,
    `printf '%s' ${quote(script)}`,
    `} 2>/dev/null | sudo -n -u ${name} -- /bin/sh -c 'drover_script=$(cat) && exec </dev/null && eval "$drover_script"'`,
    '',
  ].join('\n');
}
