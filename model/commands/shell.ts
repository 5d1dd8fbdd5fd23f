import type { Audience, Filler } from '../filler.ts';
import type { CommandOptions, ShellAction } from '../template.ts';
import { surround } from './options.ts';

export function writeShell(shell: ShellAction, filler: Filler, audience: Audience): string {
  const line = filler.shell(shell.run, 'shell.run');
  return audience === 'node' ? surround(line, shell, filler, 'shell') : described(line, shell, filler, 'shell');
}

/** The command as a person would type it, more or less. */
export function described(line: string, options: CommandOptions, filler: Filler, path: string): string {
  const { env = {}, cwd, sudo, stdin } = options;
  const words = Object.entries(env).map(([name, value]) => `${name}=${filler.word(value, `${path}.env.${name}`)}`);
  if (sudo !== undefined && sudo !== false) {
    words.unshift('sudo', ...(sudo === true ? [] : ['-u', filler.openWord(sudo, `${path}.sudo`)]));
  }
  if (cwd !== undefined) words.unshift(`cd ${filler.word(cwd, `${path}.cwd`)} &&`);
  if (stdin !== undefined) words.unshift(`printf %s ${filler.word(stdin, `${path}.stdin`)} |`);
  return [...words, line].join(' ');
}
