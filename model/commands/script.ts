import type { Audience, Filler } from '../filler.ts';
import { placeholders } from '../placeholder.ts';
import { RenderError, type Scope, valueOf } from '../scope.ts';
import { quote, quoteIfNeeded } from '../shell.ts';
import type { ScriptAction } from '../template.ts';
import { surround } from './options.ts';
import { described } from './shell.ts';

const SHELLS = ['sh', 'bash', 'dash', 'ksh', 'mksh', 'ash'];

/** Writes the file into a folder of its own, runs it and removes it; its exit code is the action's. */
export function writeScript(script: ScriptAction, scope: Scope, filler: Filler, audience: Audience): string {
  const interpreter = interpreterOf(script.content);
  const content = isShell(interpreter)
    ? filler.shell(script.content, 'script.content')
    : untouched(script.content, interpreter, scope);
  const args = (script.args ?? []).map((arg, i) => filler.openWord(arg, `script.args[${i}]`));
  if (audience === 'person') {
    const lines = content.trimEnd().split('\n').length;
    const name = `script[${interpreter.map(quoteIfNeeded).join(' ')}, ${lines === 1 ? '1 line' : `${lines} lines`}]`;
    return described([name, ...args].join(' '), script, filler, 'script');
  }
  // Started by its interpreter, not by itself: the folder for temporary files may be mounted noexec.
  const command = [...interpreter.map(quote), '"$drover_folder/script"', ...args].join(' ');
  const body = [
    'drover_folder=$(umask 077 && mktemp -d "${TMPDIR:-/tmp}/drover.XXXXXX") || exit 1',
    `trap 'rm -rf -- "$drover_folder"' EXIT`,
    ...['HUP 129', 'INT 130', 'TERM 143'].map((signal) => `trap 'exit ${signal.slice(-3)}' ${signal.slice(0, -4)}`),
    `printf %s ${quote(content)} >"$drover_folder/script" && chmod 700 "$drover_folder/script" || exit 1`,
    command,
    'exit',
  ].join('\n');
  return surround(body, script, filler, 'script');
}

/** Whether placeholders in the script are replaced: only in scripts for a shell. */
export function isReplaced(content: string): boolean {
  return isShell(interpreterOf(content));
}

/** The words of the `#!` line, as Linux reads it: a path and at most one argument. */
function interpreterOf(content: string): string[] {
  const [, path, argument] = /^#![ \t]*(\S+)(?:[ \t]+(.*?))?[ \t\r]*(?:\n|$)/.exec(content) ?? [];
  if (path === undefined) return ['/bin/sh'];
  return argument ? [path, argument] : [path];
}

function isShell([path = '', argument = '']: string[]): boolean {
  const program = ['env', 'busybox'].includes(baseName(path))
    ? argument.replace(/^(?:-\S+\s+|\w+=\S*\s+)*/, '').split(/\s/)[0]
    : path;
  return SHELLS.includes(baseName(program ?? ''));
}

/** Only a shell's quoting is known here; into other languages no value can be put safely. */
function untouched(content: string, interpreter: string[], scope: Scope): string {
  const program = interpreter.map(baseName).join(' ');
  for (const { name, source } of placeholders(content)) {
    if (valueOf(name, scope) === undefined) continue;
    throw new RenderError(
      'script.content',
      `${source} is not replaced in a script for ${program}; hand it over by \`env\` or \`args\`, or write \\${source} for the text itself`,
    );
  }
  return content.replace(/\\(\{\{\{?\s*([\w./-]+)\s*\}?\}\})/g, (whole, source: string, name: string) =>
    valueOf(name, scope) === undefined ? whole : source,
  );
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
