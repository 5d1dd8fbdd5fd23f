import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The node's side of a job, a shell script. What it needs is said in its head; it is put on a node at first contact. */
export const SCRIPT = readFileSync(new URL('./resumable.sh', import.meta.url));

/** Its name on the nodes: one for each version, so that several versions of Drover get along. */
export const FILE = `drover-${createHash('sha256').update(SCRIPT).digest('hex').slice(0, 12)}.sh`;

/**
 * The command that opens a session in BASE: runs the script if it is there, else asks for it, puts it in place whole or
 * not at all, and refuses a folder that others could change. Nothing in it may mean anything to any login shell between
 * single quotes (fish, tcsh), hence one line without `'`, `\` and `!`.
 */
export function bootstrap(base: string, nonce: string): string {
  const size = SCRIPT.length;
  const upload = `.up.${nonce}`;
  const steps = [
    'home=$PWD',
    `cd "$0" 2>/dev/null && test -O . && test -O ${FILE} && . ./${FILE}`,
    'fail() { echo "@@$n E $1"; exit 1; }',
    'n=$2',
    'mkdir -m 700 "$0" 2>/dev/null',
    'test -h "$0" && fail base-is-a-link',
    'cd "$0" 2>/dev/null || fail base-closed',
    'test -O . || fail base-foreign',
    'case $(ls -ld .) in drwx------*) ;; *) fail base-open ;; esac',
    `{ test -s store || { read -r id < /proc/sys/kernel/random/uuid && echo $id > .store.$n && ln .store.$n store; rm -f .store.$n; }; } 2>/dev/null`,
    'echo "@@$n I"',
    `head -c ${size} > ${upload} && test $(wc -c < ${upload}) -eq ${size} && mv -f ${upload} ${FILE} || { rm -f ${upload}; fail no-upload; }`,
    `. ./${FILE}`,
  ];
  return `exec /bin/sh -c '${steps.join('; ')}' ${base} drover1 ${nonce}`;
}
