/** What the node has to know of a file. */
export interface WantedFile {
  dest: string;
  sha256: string;
  mode?: string;
  owner?: string;
  sudo?: boolean;
}

/**
 * A script that compares what is at `dest` with what is wanted and says `same`, `content` (only mode or owner differ),
 * `other`, or why it cannot be done.
 */
export function look(file: WantedFile): string {
  return onNode(
    file,
    [
      '[ ! -d "$1" ] || { echo folder; exit; }',
      '[ -d "$(dirname "$1")" ] || { echo no-folder; exit; }',
      '[ -e "$1" ] || { echo other; exit; }',
      '[ -r "$1" ] || { echo no-read; exit; }',
      `case $(sha256sum < "$1") in ${file.sha256}*) ;; *) echo other; exit ;; esac`,
      ...rightsTests(file).map((test) => `${test} || { echo content; exit; }`),
      'echo same',
    ],
    [file.dest],
  );
}

/**
 * A script that gives the file its rights and renames it over `dest`; says `done`, or what went wrong. A link at `dest`
 * stays: what it points to is replaced.
 */
export function putInPlace(file: WantedFile, uploaded: string): string {
  return onNode(
    file,
    [
      'real=$(readlink -f "$1") || real=$1',
      'new=$real.drover-$$',
      `trap 'rm -f "$new"' EXIT`,
      'umask 077',
      'cat < "$2" > "$new" || exit',
      `case $(sha256sum < "$new") in ${file.sha256}*) ;; *) echo damaged; exit ;; esac`,
      'mode=644 owner=',
      '[ ! -e "$real" ] || { mode=$(stat -c %a "$real"); owner=$(stat -c %u:%g "$real"); }',
      '[ -z "$owner" ] || [ "$(id -u)" != 0 ] || chown "$owner" "$new"',
      'chmod "$mode" "$new" || exit',
      ...giveRights(file, '$new'),
      'mv -f "$new" "$real" && rm -f "$2" && echo done',
    ],
    [file.dest, uploaded],
  );
}

/** The same for a file whose content is right. */
export function correctRights(file: WantedFile): string {
  return onNode(file, [...giveRights(file, '$1'), 'echo done'], [file.dest]);
}

function rightsTests({ mode, owner }: WantedFile): string[] {
  const stat = (format: string, value: string) => `[ "$(stat -Lc ${format} "$1")" = ${quoted(value)} ]`;
  const [user = '', group = ''] = (owner ?? '').split(':');
  return [
    ...(mode === undefined ? [] : [stat('%a', mode.replace(/^0+(?=.)/, ''))]),
    ...(user === '' ? [] : [stat(/^\d+$/.test(user) ? '%u' : '%U', user)]),
    ...(group === '' ? [] : [stat(/^\d+$/.test(group) ? '%g' : '%G', group)]),
  ];
}

/** The owner first: chown takes the set-user-id bit away. */
function giveRights({ mode, owner }: WantedFile, name: string): string[] {
  return [
    ...(owner === undefined ? [] : [`chown ${quoted(owner)} "${name}" || exit`]),
    ...(mode === undefined ? [] : [`chmod ${quoted(mode)} "${name}" || exit`]),
  ];
}

function onNode({ sudo = false }: WantedFile, lines: string[], args: string[]): string {
  const words = args.map((arg) => quoted(arg)).join(' ');
  const script = lines.join('\n');
  if (!sudo) return `set -- ${words}\n${script}`;
  return `sudo -n true || { echo no-sudo; exit; }\nexec sudo -n /bin/sh -c ${quoted(script)} sh ${words}`;
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
