import { describe, expect, it } from 'vitest';
import { fillShell, quote, type ShellPiece } from '../../model/shell.ts';
import { runScript, SHELLS } from './shells.ts';
import { random } from './random.ts';

/** `§` in a text is the place for the value. */
function filled(text: string, value: string): string {
  const pieces = text
    .split('§')
    .flatMap((part, i): ShellPiece[] => [
      ...(i > 0 ? [{ kind: 'value' as const, value, source: '{{v}}' }] : []),
      ...(part === '' ? [] : [{ kind: 'text' as const, text: part }]),
    ]);
  return fillShell(pieces);
}

const HOSTILE: Record<string, string> = {
  nothing: '',
  'a word': 'word',
  'words and blanks': '  two  words\t',
  'a single quote': "it's",
  'single quotes': "''';touch pwned;'",
  'a double quote': '";touch pwned;"',
  'a substitution': '$(touch pwned)',
  backticks: '`touch pwned`',
  'a variable': '$HOME ${HOME}',
  backslashes: '\\ \\\\ \\n \\',
  newlines: '\n>pwned\n\n',
  'the end of a group': ') } ; touch pwned; ( {',
  'a comment': ' # comment',
  'the end of a here-document': 'E\ntouch pwned\nE',
  patterns: '* ? [a-z] ~ {a,b} !x',
  redirections: '>pwned <x 2>&1 | & &&',
  'a subscript': 'a[$(touch pwned)]',
  'an option': '-n',
  format: '%s %d \\c',
  'UTF-8': 'grüße 東京 🚚 \u00a0',
  'control characters': '\u0001\u007f\r\u001b[31m',
  'what a reference looks like': '{{v}} {{{v}}}',
};

/** Each prints the value once, and nothing else. */
const CONTEXTS: Record<string, string> = {
  'no quotes': `printf %s §`,
  'double quotes': `printf %s "§"`,
  'single quotes': `printf %s '§'`,
  'an assignment': `x=§; printf %s "$x"`,
  'an assignment in double quotes': `x="§"; printf %s "$x"`,
  'an environment variable for a command': `X=§ sh -c 'printf %s "$X"'`,
  '$(…)': `x=$(printf '%s.' §); printf %s "\${x%.}"`,
  'double quotes in $(…)': `x=$(printf '%s.' "§"); printf %s "\${x%.}"`,
  'single quotes in $(…)': `x=$(printf '%s.' '§'); printf %s "\${x%.}"`,
  '$(…) in double quotes': `x="$(printf '%s.' §)"; printf %s "\${x%.}"`,
  'double quotes in $(…) in double quotes': `x="$(printf '%s.' "§")"; printf %s "\${x%.}"`,
  'single quotes in $(…) in double quotes': `x="$(printf '%s.' '§')"; printf %s "\${x%.}"`,
  '$(…) in $(…) in double quotes': `x="$(printf '%s.' "$(printf '%s.' "§")")"; x=\${x%.}; printf %s "\${x%.}"`,
  'parentheses in $(…)': `x=$( (printf '%s.' §) ); printf %s "\${x%.}"`,
  'a subshell': `(printf %s §)`,
  'a group': `{ printf %s §; }`,
  'a condition': `if [ x§ = x§ ]; then printf %s "§"; fi`,
  'a loop': `for x in §; do printf %s "$x"; done`,
  'a pattern of case': `case § in §) printf %s §;; *) printf other;; esac`,
  'a function': `f() { printf %s "$1"; }; f §`,
  'a pipe': `printf %s § | cat`,
  'a here-document fed by $(…)': `x=$(cat <<'E'\nit's "\`\nE\n); printf %s §`,
  'after a comment': `# it's "\n: #"\nprintf %s §`,
  'after a # within a word': `: a#'b'; printf %s §`,
  'after a here-document': `cat <<E >/dev/null\nit's "a\nE\nprintf %s §`,
  'after a here-document with tabs and a quoted end': `cat <<-'E' >/dev/null\n\t$(it's\n\tE\nprintf %s §`,
  'after two here-documents': `cat <<E <<F >/dev/null\n'\nE\n"\nF\nprintf %s §`,
  'after backticks': 'x=`echo "a\\`echo b\\`"`; printf %s §',
  'after ${…} with quotes in it': `: "\${x:-"a b"}" \${y#'}'} "\${y%'a'}"; printf %s "§"`,
  'after $((…))': `: $((1 + (2) * 3)); printf %s §`,
  'after an escaped quote': `: \\' \\" "\\""; printf %s §`,
  'after a line that goes on': `printf \\\n  %s \\\n  §`,
  'after a pattern of case': `case a in a) printf %s §;; esac`,
  'after $$': `: $$ "$$" "a$$"; printf %s §`,
  'after $#': `: $# \${#x}; printf %s §`,
};

describe.each(SHELLS)('a value in a script for $name', (shell) => {
  it.each(Object.entries(CONTEXTS))('arrives as it is: %s', (_, context) => {
    const values = Object.values(HOSTILE);
    const script = values.map((value) => `${filled(context, value)}\nprintf '%b' '\\001next\\001'\n`).join('');
    const { out, err, files } = runScript(script, { shell });
    expect(out.split('\u0001next\u0001').slice(0, -1)).toEqual(values);
    expect({ err, files }).toEqual({ err: '', files: [] });
  });

  it('arrives as it is inside a word, beside text and other values', () => {
    const script = filled(`printf '%s|' a§b "c § d" 'e § f' §§ "§"'§'§ "\\$§"`, `'"$x`);
    const value = `'"$x`;
    const words = [`a${value}b`, `c ${value} d`, `e ${value} f`, value + value, value + value + value, `$${value}`];
    expect(runScript(script, { shell }).out).toBe(words.map((word) => `${word}|`).join(''));
  });

  it('arrives whole with 100 KB', () => {
    const value = `'"$(\`\\\n`.repeat(15_000);
    expect(runScript(filled(`printf %s "§"`, value), { shell }).out).toBe(value);
  });

  it('arrives as it is in random nestings of quotes and substitutions', () => {
    const { pick, below } = random(20_261_121);
    const nest = (depth: number): string => {
      if (depth === 0) return pick(['§', '"§"', `'§'`, '§"§"', `"§"'§'`]);
      const inner = nest(depth - 1);
      return pick([
        `"$(printf %s. ${inner})"`,
        `"$( (printf %s. ${inner}) )"`,
        `"$(: \${x#'"'} '"'; printf %s. ${inner})"`,
      ]);
    };
    for (let i = 0; i < 60; i++) {
      const text = nest(below(5));
      const value = pick(Object.values(HOSTILE));
      const times = text.split('§').length - 1;
      const dots = text.split('%s.').length - 1;
      const { out } = runScript(filled(`printf %s ${text}`, value), { shell });
      expect(out, text).toBe(value.repeat(times) + '.'.repeat(dots));
    }
  });

  it('never gets a command run, whatever the shell text around it', () => {
    const { pick, below } = random(7);
    let ran = 0;
    for (let i = 0; i < 200; i++) {
      const text = `${Array.from({ length: 2 + below(8) }, () => pick(SOUP)).join('')}§${pick(SOUP)}`;
      const script = attempt(text, pick(BREAKING_OUT));
      if (script === undefined) continue;
      ran++;
      expect(runScript(script, { shell }).files, text).not.toContain('pwned');
    }
    expect(ran).toBeGreaterThan(30);
  });
});

const BREAKING_OUT = [
  "';>pwned;'",
  '";>pwned;"',
  '$(>pwned)',
  '\n>pwned\n',
  ')\n>pwned;(',
  '\nE\n>pwned\n',
  'a[$(>pwned)]',
];
const SOUP = [
  '$$',
  `'`,
  '"',
  '"',
  '$(',
  ')',
  '${x:-',
  '}',
  '`',
  '\\',
  ' #',
  '\n',
  ' ',
  ' ',
  ';',
  '(',
  '((',
  '))',
  `$'`,
  '<<E\n',
  '\nE\n',
  'case ',
  ' in ',
  'x',
  'x=',
  ': ',
  '{ ',
];

function attempt(text: string, value: string): string | undefined {
  try {
    return filled(text, value);
  } catch {
    return undefined;
  }
}

describe('a place where no quoting is safe is refused', () => {
  it.each([
    ['echo `echo §`', 'inside backticks'],
    ['echo "`echo \'§\'`"', 'inside backticks'],
    ['cat <<E\n§\nE\n', 'in a here-document'],
    [`cat <<'E'\n§\nE\n`, 'in a here-document'],
    ['cat <<§\nx\n', 'in a here-document'],
    ['x=$(cat <<E\n§\nE\n)', 'in a here-document'],
    ['echo # §', 'in a comment'],
    ['# a\n#§', 'in a comment'],
    ['x=$(echo # §\n)', 'in a comment'],
    ['echo ${x:-§}', 'inside ${…}'],
    ['echo "${x:-§}"', 'inside ${…}'],
    ['echo "${x:-$(echo §)}"', 'inside ${…}'],
    ['echo $((1 + §))', 'inside ((…))'],
    ['echo "$(( § ))"', 'inside ((…))'],
    ['if ((x > §)); then :; fi', 'inside ((…))'],
    [`echo $'§'`, "inside $'…'"],
    [`echo $§`, 'right after a `$`'],
    ['x=$(case y in y) echo §;; esac)', 'after a `case` inside $(…)'],
    ['x=$(case y in (y) :;; esac); echo §', 'after a `case` inside $(…)'],
    ['x=$(ca\\\nse y in y) :;; esac); echo §', 'in the middle of a word'],
    [`echo $'a\\'b'; echo §`, "after a $'…' with \\' in it"],
    [`echo "\${x:-it's}"; echo §`, 'which shells read in two ways'],
    ['cat <<E "\n"\nE\necho §', 'unfinished quotes'],
    ['cat <<E\n$(echo\nE\n)\nE\necho §', 'a substitution or a \\ over several lines'],
    ['echo "$$("; echo §', 'after a `$$(`, which shells read in two ways'],
    ['echo $[1]; echo §', 'after a `$[`'],
    ['a[§]=1', 'inside an array subscript'],
    ['((a); (b)); echo §', 'after a `((` that is no arithmetic'],
    ['echo ${ x; }; echo §', 'after a `${ `'],
    ['echo @(a|b#c); echo §', 'part of a pattern'],
    ['cat <<$x\n$x\necho §', 'odd delimiter'],
  ])('%j', (text, reason) => {
    expect(() => filled(text, 'x')).toThrow(reason);
  });

  it('and the refusal says which placeholder it is, where it stands, and the way out', () => {
    expect(() => filled('echo `§`', 'x')).toThrow(
      '{{v}} stands inside backticks (`$(…)` is fine), where no quoting is safe; hand it over by `env:` and write "$NAME", or move it out of there',
    );
  });

  it('a value right after a backslash, which raw text may end with', () => {
    expect(() => filled('echo \\§', 'x')).toThrow('right after a backslash');
    expect(() => filled('echo "\\§"', 'x')).toThrow('right after a backslash');
  });

  it('a value with a NUL character', () => {
    expect(() => quote('a\0b')).toThrow('the value holds a NUL character, which no command can be given');
  });
});

describe('a variable', () => {
  it.each(SHELLS)('arrives as it is, in all quotes ($name)', (shell) => {
    const pieces = (text: string): ShellPiece[] =>
      text
        .split('§')
        .flatMap((part, i): ShellPiece[] => [
          ...(i > 0 ? [{ kind: 'variable' as const, name: 'V', source: '{{v}}' }] : []),
          { kind: 'text', text: part },
        ]);
    const script = fillShell(pieces(`printf '%s|' § "a § b" 'a § b' "$(printf '%s.' '§')" "$§" x§y`));
    const value = `'"$(touch pwned) *\n`;
    expect(runScript(script, { shell, env: { V: value } }).out).toBe(
      [value, `a ${value} b`, `a ${value} b`, `${value}.`, `$${value}`, `x${value}y`]
        .map((word) => `${word}|`)
        .join(''),
    );
  });
});
