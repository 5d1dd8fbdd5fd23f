import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { afterAll, describe, expect, it } from 'vitest';
import { placedProblems, readCatalogue } from '../../cli/input/catalogue.ts';
import { validateFile } from '../../cli/input/validate.ts';
import { buildProgram } from '../../cli/program.ts';
import { changesText } from '../../cli/print/changes.ts';
import { yamlText } from '../../cli/print/yaml.ts';
import type { Change } from '../../model/catalogue/document.ts';
import { LARGEST_INLINE } from '../../model/parse/index.ts';
import { Invalid, type Problem } from '../../model/parse/problem.ts';

const folder = mkdtempSync(join(tmpdir(), 'drover-catalogue-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes files below a folder of their own. */
function files(name: string, texts: Record<string, string | Buffer>): string {
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), text);
  }
  return join(folder, name);
}

function problemsOf(read: () => unknown): Problem[] {
  try {
    read();
  } catch (error) {
    if (error instanceof Invalid) return error.problems;
    throw error;
  }
  throw new Error('there is no problem');
}

const cluster = (name: string) => `kind: cluster\nname: ${name}\n`;
const namesIn = (...paths: string[]) => readCatalogue(paths).documents.map(({ document: { name } }) => name);

describe('files of the catalogue', () => {
  it('are found below folders, sorted, without hidden ones and others', () => {
    const place = files('tree', {
      'b.yml': cluster('b'),
      'a/z.yaml': cluster('z'),
      'a/c.json': '{"kind": "cluster", "name": "c"}',
      'a/notes.md': 'kind: nonsense',
      '.hidden.yaml': 'kind: nonsense',
      '.git/x.yaml': 'kind: nonsense',
    });
    symlinkSync(place, join(place, 'a/loop'));
    expect(namesIn(place)).toEqual(['c', 'z', 'b']);
    expect(namesIn(join(place, 'b.yml'), place, join(place, 'a', '..', 'b.yml'))).toEqual(['b', 'c', 'z']);
  });

  it('are told about when they are not there, or a folder has none', () => {
    const place = files('empty', { 'notes.md': '' });
    expect(problemsOf(() => readCatalogue([place, join(place, 'no.yaml')]))).toMatchObject([
      { file: place, message: 'has no *.yaml, *.yml or *.json in it' },
      { file: join(place, 'no.yaml'), message: 'does not exist' },
    ]);
  });

  it('are refused with the problems of all of them at once, each with its file and line', () => {
    const place = files('bad', {
      'a.yaml': `${cluster('a')}---\nkind: service\nname: s\ncluter: a\n---\nkind: clutter\nname: x\n`,
      'b.yaml': 'kind: template\nname: t\nsteps:\n  - name: s\n    actions: [{ shel: x }]\n',
      'c.yaml': 'kind: [',
    });
    const problems = problemsOf(() => readCatalogue([place]));
    expect(problems).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ file: join(place, 'a.yaml'), line: 6, path: 'cluter' }),
        expect.objectContaining({ file: join(place, 'a.yaml'), line: 8, path: 'kind' }),
        expect.objectContaining({ file: join(place, 'b.yaml'), line: 5, path: 'steps[0].actions[0].shel' }),
        expect.objectContaining({ file: join(place, 'c.yaml') }),
      ]),
    );
  });

  it('have each thing once: the second of a name is refused, and both places told', () => {
    const place = files('twice', {
      'a.yaml': `${cluster('Web')}---\n${cluster('db')}`,
      'b.yaml': `# once more\n${cluster('web')}`,
    });
    const [problem, ...others] = problemsOf(() => readCatalogue([place]));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ file: join(place, 'b.yaml'), line: 2 });
    expect(problem?.message).toContain(`${join(place, 'a.yaml')}:1`);
  });

  it('may have one name for things of different kinds', () => {
    expect(namesIn(files('kinds', { 'a.yaml': `${cluster('web')}---\nkind: step\nname: web\nactions: []\n` }))).toEqual(
      ['web', 'web'],
    );
  });

  it('take along the local files that their actions name, relative to them; big ones to be uploaded', () => {
    const place = files('local', {
      'steps/check.yaml':
        'kind: action\nname: check\nscript: { file: check.sh }\n---\nkind: action\nname: big\ncopy: { src: ../big, dest: /b }\n',
      'steps/check.sh': '#!/bin/sh\ndf -h\n',
      big: Buffer.alloc(LARGEST_INLINE + 1),
    });
    const { documents, uploads } = readCatalogue([place]);
    expect(documents.map(({ document }) => document)).toMatchObject([
      { script: { content: '#!/bin/sh\ndf -h\n' } },
      { copy: { dest: '/b', file: { size: LARGEST_INLINE + 1, sha256: uploads[0]?.sha256 } } },
    ]);
    expect(uploads.map(({ path }) => path)).toEqual([join(place, 'big')]);
  });
});

it('what the server finds wrong with a document is told with its file and line', () => {
  const { documents } = readCatalogue([files('placed', { 'a.yaml': `${cluster('a')}---\n${cluster('b')}` })]);
  const problems = [
    { path: 'documents[1].name', message: 'is bad' },
    { path: 'else', message: 'is bad, too' },
  ];
  expect(placedProblems(problems, documents).problems).toEqual([
    { file: join(folder, 'placed/a.yaml'), line: 4, path: 'name', message: 'is bad' },
    { path: 'else', message: 'is bad, too' },
  ]);
});

it('`validate` knows documents of the catalogue from templates and nodes', () => {
  const place = files('valid', {
    'a.yaml': `${cluster('a')}---\n${cluster('b')}`,
    'bad.yaml': `name: t\n---\n${cluster('b')}`,
  });
  expect(validateFile(join(place, 'a.yaml'))).toMatchObject([
    { kind: 'cluster', name: 'a' },
    { kind: 'cluster', name: 'b' },
  ]);
  expect(problemsOf(() => validateFile(join(place, 'bad.yaml')))).toMatchObject([{ line: 1, path: 'kind' }]);
});

describe('documents as YAML', () => {
  const nasty = [
    ...[
      '1.10',
      'yes',
      'No',
      'on',
      '0644',
      '~',
      'null',
      '',
      'true',
      '0x1f',
      '1e3',
      '.inf',
      '12:30',
      '2001-01-01',
      '1_000',
    ],
    ...[
      'a: b',
      ': ',
      ' - x',
      '  leading',
      'trailing ',
      '\t',
      '#c',
      'a #c',
      '"q"',
      "it's",
      '{a}',
      '[a]',
      '<<',
      '=',
      '?',
      '-',
    ],
    ...[
      '中文：测试',
      '😀',
      '\u0085',
      'a\u2028b',
      '\ufeffx',
      '\u0000',
      '\u007f',
      '!x',
      '&a',
      '*a',
      '%x',
      '@',
      '`',
      '|',
      '>',
    ],
    ...[
      'a\nb',
      'a\nb\n',
      'a\n\n\n',
      ' a\nb',
      '\ta\nb',
      'a\r\nb',
      'a\rb',
      '\n',
      '\na',
      'a\n ',
      '---\nx\n',
      'a\n---\nb',
      '...\n',
    ],
    ...['#!/bin/sh\nset -e\n\n\tx "$1" \\\n  y  \n', '{{tag}} {{{raw}}} \\{{text}}', `${'long '.repeat(100)}\nb`],
  ];

  it.each(nasty)('%j comes back as it was, as a value, a key and in lists', (text) => {
    const value = { text, [text]: 1, list: [text, { deep: { [text]: [[text]] } }] };
    const read = parseAllDocuments(yamlText([value, value]), { merge: true });
    expect('empty' in read ? [] : read.map((one) => one.toJS() as unknown)).toEqual([value, value]);
  });

  it('have scripts as blocks, and no anchors', () => {
    const shared = ['x'];
    expect(yamlText([{ script: '#!/bin/sh\necho "a: b"\n', a: shared, b: shared }])).toBe(
      'script: |\n  #!/bin/sh\n  echo "a: b"\na:\n  - x\nb:\n  - x\n',
    );
  });
});

describe('a difference', () => {
  const update = (...fields: Change['fields']): Change => ({ kind: 'pool', name: 'web', change: 'update', fields });

  it('has a line a thing, what differs below it, and the sum', () => {
    const text = changesText([
      { kind: 'template', name: 'web', change: 'create', fields: [] },
      update({ path: 'desc', before: 'old', after: 'new' }, { path: 'nodes.web-02', after: 'web-02' }),
      { kind: 'action', name: 'old', change: 'delete', fields: [] },
    ]);
    expect(text).toBe(
      [
        '+ template web',
        '~ pool web',
        '    desc: "old" → "new"',
        '    nodes.web-02: (none) → "web-02"',
        '- action old',
        '',
        '1 to create, 1 to change, 1 to delete',
      ].join('\n'),
    );
  });

  it('has of long texts the lines that differ', () => {
    const field = {
      path: 'script',
      before: '#!/bin/sh\n\techo a\nexit\n',
      after: '#!/bin/sh\n\techo b\n\techo c\nexit\n',
    };
    expect(changesText([update(field)])).toContain(
      '    script:\n      -     echo a\n      +     echo b\n      +     echo c\n\n',
    );
    const many = { path: 'script', before: 'a\n', after: 'x\n'.repeat(100) };
    expect(changesText([update(many)])).toContain('… 80 lines more');
  });

  it('cannot move the cursor', () => {
    const text = changesText([update({ path: 'a', before: '\u001b[2J\u009b1m', after: 'x\n\u001b[2J' })]);
    expect(text).not.toMatch(/[\u001b\u009b]/);
  });
});

describe('docs/catalogue.md', () => {
  const text = readFileSync(new URL('../../docs/catalogue.md', import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, block = '']) => block);

  it.each(blocks.map((block, i) => [i + 1, block] as const))('has documents that are right in block %i', (i, block) => {
    const place = files(`docs-${i}`, { 'block.yaml': block, 'scripts/switch.sh': '#!/bin/sh\n' });
    expect(readCatalogue([place]).documents.length).toBeGreaterThan(0);
  });

  it('names commands and options that there are', () => {
    const program = buildProgram();
    const lines = [...text.matchAll(/^drover (.*?)(?: +#.*)?$/gm)].map(([, line = '']) => line.split(' '));
    expect(lines.length).toBeGreaterThan(15);
    for (const words of lines) {
      const first = program.commands.find((one) => one.name() === words[0]);
      const command = first?.commands.find((one) => one.name() === words[1]) ?? first;
      const known = command?.options.map(({ long }) => long);
      for (const word of words.filter((one) => one.startsWith('--'))) expect(known, words.join(' ')).toContain(word);
      expect(command, words.join(' ')).toBeDefined();
    }
  });
});
