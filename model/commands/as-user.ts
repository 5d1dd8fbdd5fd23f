import type { Filler } from '../filler.ts';
import { RenderError } from '../scope.ts';
import { secretVariable } from '../secret.ts';
import { quote } from '../shell.ts';

/** In the environment of every process of a command: by it they are found when the command is to end (remote/node/resumable.sh). */
const MARK = 'DROVER_JOB';

/**
 * The script goes to the other user's shell by standard input, with the secrets in front, because arguments show in the list of
 * processes and sudo clears the environment. That shell reads all of it before it runs any.
 */
export function asUser(user: string, script: string, filler: Filler, path: string): string {
  const name = filler.openWord(user, path);
  if (name.startsWith("'-") || name === "''") throw new RenderError(path, `${name} is no user's name`);
  const sudo = `sudo -n -u ${name} -- /bin/sh -c`;
  return [
    ...guard(sudo),
    '{',
    ...[MARK, ...[...filler.secrets].map(secretVariable)].map(exported),
    `printf '%s' ${quote(script)}`,
    `} 2>/dev/null | ${sudo} 'drover_script=$(cat) && exec </dev/null && eval "$drover_script"'`,
    'drover_code=$?',
    'kill -HUP "$drover_guard" 2>/dev/null',
    'exit "$drover_code"',
    '',
  ].join('\n');
}

/** A line that sets the variable. Quoted by sed on the way: ' becomes '\'' and the whole gets quotes around it. */
function exported(variable: string): string {
  return `printf 'export ${variable}='; printf '%s\\n' "\${${variable}}" | LC_ALL=C sed "s/'/'\\\\\\\\''/g; 1s/^/'/; \\$s/\\$/'/"`;
}

/**
 * We may not end another user's processes. This waits beside the command for the TERM that ends it, and has them ended by that
 * user. A program of its own: only those that were started with the mark carry it where it is looked for.
 */
function guard(sudo: string): string[] {
  const end = `trap '' TERM; ${sudo} ${quote(END_OWN)} "$${MARK}"; kill "$drover_nap"; exit`;
  const script = [
    `trap 'kill "$drover_nap"; exit' HUP`,
    `trap ${quote(end)} TERM`,
    'while kill -0 "$0"; do sleep 60 & drover_nap=$!; wait "$drover_nap"; done',
  ].join('\n');
  return [`/bin/sh -c ${quote(script)} $$ </dev/null >/dev/null 2>&1 &`, 'drover_guard=$!'];
}

/** TERM, and after a second KILL, for the user's own processes with the mark's value, which is $0. One may fork in between. */
const END_OWN = `[ -n "$0" ] || exit
drover_signal() {
  drover_found=
  for drover_file in $(grep -lzsF "${MARK}=$0" /proc/[0-9]*/environ || grep -lsF "${MARK}=$0" /proc/[0-9]*/environ); do
    drover_pid=\${drover_file#/proc/}
    [ -O "$drover_file" ] && kill "-$1" "\${drover_pid%/environ}" && drover_found=yes
  done
}
drover_signal TERM
for drover_what in 0 0 0 0 0 0 0 0 0 0 KILL KILL KILL KILL KILL; do
  sleep 0.1
  drover_signal "$drover_what"
  [ -n "$drover_found" ] || exit 0
done`;
