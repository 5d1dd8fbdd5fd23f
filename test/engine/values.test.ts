import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TaskHandle } from '../../client/index.ts';
import type { Node } from '../../model/node.ts';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { allowSudo, type SudoRule } from '../support/sudo.ts';
import { ProcessWatch, tracesOf } from '../support/traces.ts';

const KEY = `s3cr3t' "$(id)" \`id\` %s \\n ünïcode`;
const LINES = `-----BEGIN KEY-----\nfirst line 'quoted'\nsecond "line"\n-----END KEY-----`;

let engine: Engine;
let sudo: SudoRule;
beforeAll(async () => {
  engine = await Engine.start();
  sudo = await allowSudo(engine.nodes(1)[0]?.user ?? '');
  vi.stubEnv('KEY', KEY);
  vi.stubEnv('LINES', LINES);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await sudo.withdraw();
  await engine.close();
});

/** Values as somebody might give them who wants to break in, or who has never heard of shells. */
const hostile = (): Record<string, string> => ({
  substitution: `$(touch ${engine.folder}/pwned)`,
  backticks: `\`touch ${engine.folder}/pwned\``,
  quotes: `'; touch ${engine.folder}/pwned; echo '"; touch ${engine.folder}/pwned; echo "`,
  remove: `'; rm -rf ~ #`,
  lines: `first\n\ntouch ${engine.folder}/pwned\nlast\n`,
  carriage: 'a\r\nb\rc',
  spaces: '  two  spaces\tand a tab ',
  unicode: 'Grüße, 世界 🐑 \u202e e\u0301',
  dash: '-n',
  dashes: '--help',
  placeholder: '{{node.name}} {{quotes}} {{{raw}}}',
  variable: '$HOME ${PATH} $$ $1 ~ * ? [a-z] !! #',
  backslash: String.raw`\ \\ \n \x41 \$ \' %s %d`,
  operators: '| & ; < > ( ) { } && || \u0001\u001b[31m',
  document: 'EOF\nDROVER\n',
  empty: '',
  long: 'y$(touch no)'.repeat(9_000),
});

interface Wanted {
  params?: Record<string, string>;
  nodes?: Node[];
}

const start = (actions: object[], { params = {}, nodes = engine.nodes(1) }: Wanted = {}): Promise<TaskHandle> => {
  const names = [params, ...nodes.map((node) => node.params ?? {})].flatMap((some) => Object.keys(some));
  return engine.drover.run({
    name: newTaskName('values'),
    template: {
      name: 'values',
      params: Object.fromEntries(names.map((name) => [name, {}])),
      steps: actions.map((action, i) => ({ name: `step-${i + 1}`, actions: [action] })),
    },
    nodes,
    params,
  });
};

const done = async (actions: object[], wanted?: Wanted): Promise<TaskHandle> => {
  const task = await start(actions, wanted);
  await task.result();
  return task;
};

/** What the one command of the task printed. */
const said = async (action: object, params: Record<string, string>): Promise<string> =>
  await engine.log(await done([action], { params }), 0);

/** A command that prints each of the words between `<` and `>`. */
const printing = (words: string[]) => `printf '<%s>' ${words.join(' ')}`;
const shown = (values: string[]) => values.map((value) => `<${value}>`).join('');

/** `{{name}}` of each. */
const places = (params: Record<string, string>) => Object.keys(params).map((name) => `{{${name}}}`);

describe('hostile values arrive unchanged, and nothing of them is run,', () => {
  it('in shell commands: unquoted, in double quotes, in single quotes, in the middle of words', async () => {
    const params = hostile();
    const values = Object.values(params);
    for (const [write, wanted] of [
      [(place: string) => place, (value: string) => value],
      [(place: string) => `"${place}"`, (value: string) => value],
      [(place: string) => `'${place}'`, (value: string) => value],
      [(place: string) => `a${place}"b${place}c"'d${place}e'`, (value: string) => `a${value}b${value}cd${value}e`],
    ] as const) {
      expect(await said({ shell: printing(places(params).map(write)) }, params)).toBe(shown(values.map(wanted)));
    }
    expect(await engine.files()).toEqual([]);
  });

  it('in scripts for a shell, in the text and as arguments', async () => {
    const params = hostile();
    const script = `#!/bin/sh\n${printing(places(params))}\nprintf '[%s]' "$@"\n`;
    const said = await done([{ script: { content: script, args: places(params) } }], { params });
    const values = Object.values(params);
    expect(await engine.log(said, 0)).toBe(shown(values) + values.map((value) => `[${value}]`).join(''));
    expect(await engine.files()).toEqual([]);
  });

  it('in scripts for python, by arguments and environment', async () => {
    const params = hostile();
    const content = [
      '#!/usr/bin/env python3',
      'import os, sys',
      `for name in ${JSON.stringify(Object.keys(params))}:`,
      '    sys.stdout.buffer.write(b"<" + os.environb[b"P_" + name.encode()] + b">")',
      'for word in sys.argv[1:]:',
      '    sys.stdout.buffer.write(b"[" + os.fsencode(word) + b"]")',
      '',
    ].join('\n');
    const env = Object.fromEntries(Object.keys(params).map((name) => [`P_${name}`, `{{${name}}}`]));
    const values = Object.values(params);
    expect(await said({ script: { content, args: places(params), env } }, params)).toBe(
      shown(values) + values.map((value) => `[${value}]`).join(''),
    );
    expect(await engine.files()).toEqual([]);
  });

  it('by environment and standard input', async () => {
    const params = hostile();
    const names = Object.keys(params);
    const env = Object.fromEntries(names.map((name) => [`P_${name}`, `{{${name}}}`]));
    const run = `${printing(names.map((name) => `"$P_${name}"`))}; cat`;
    const stdin = places(params).join('|');
    const values = Object.values(params);
    expect(await said({ shell: { run, env, stdin } }, params)).toBe(shown(values) + values.join('|'));
    expect(await engine.files()).toEqual([]);
  });

  it('as another user by sudo', async () => {
    const params = hostile();
    const names = Object.keys(params);
    const env = Object.fromEntries(names.map((name) => [`P_${name}`, `{{${name}}}`]));
    const run = `id -un; ${printing([...places(params), ...names.map((name) => `"$P_${name}"`)])}; cat`;
    const stdin = places(params).join('|');
    const values = Object.values(params);
    expect(await said({ shell: { run, env, stdin, sudo: true } }, params)).toBe(
      `root\n${shown([...values, ...values])}${values.join('|')}`,
    );
    expect(await engine.files()).toEqual([]);
  });

  it('as the folder to run in', async () => {
    const folders = Object.values(hostile()).filter(
      (value) => value !== '' && !value.includes('/') && value.length < 200,
    );
    await Promise.all(
      folders.map(async (name) => {
        const path = `${engine.folder}/{{name}}`;
        const steps = [{ shell: `mkdir ${path}` }, { shell: { run: 'pwd', cwd: path } }, { shell: `rmdir ${path}` }];
        const task = await done(steps, { params: { name } });
        expect(await engine.log(task, 0)).toBe(`${engine.folder}/${name}\n`);
      }),
    );
    expect(folders.length).toBeGreaterThan(5);
    expect(await engine.files()).toEqual([]);
  });

  it('as content of a copied file, and in its path', async () => {
    const params = hostile();
    const dest = `${engine.folder}/it's "$(touch pwned)" {{unicode}}`;
    await done([{ copy: { dest, content: places(params).join('|') } }], { params });
    const files = await engine.files();
    expect(files).toEqual([`it's "$(touch pwned)" ${params['unicode'] ?? ''}`]);
    expect(await readFile(join(engine.folder, files[0] ?? ''), 'utf8')).toBe(Object.values(params).join('|'));
    await done([{ shell: `rm ${engine.folder}/*` }]);
  });

  it('as parameters and labels of a node, each its own', async () => {
    const values = Object.values(hostile());
    const nodes = engine.nodes(values.length).map((node, i) => ({
      ...node,
      params: { value: values[i] ?? '' },
      labels: { zone: values[i] ?? '' },
    }));
    const task = await done([{ shell: printing(['{{value}}', '"{{node.labels.zone}}"']) }], { nodes });
    for (const [no, value] of values.entries()) expect(await engine.log(task, no)).toBe(shown([value, value]));
    expect(await engine.files()).toEqual([]);
  });
});

describe('a secret', () => {
  it('reaches commands by environment, standard input and in their text, also as another user', async () => {
    const printed = `{ printf '%s|' "$KEY" "$LINES"; cat; } > ${engine.folder}/{{name}}`;
    const options = { env: { KEY: 'secret:KEY', LINES: '{{lines}}' }, stdin: 'secret:KEY' };
    for (const more of [{}, { sudo: true }]) {
      const params = { name: 'given', lines: 'secret:LINES', key: 'secret:KEY' };
      const inText = `printf %s {{key}}"{{key}}"'{{key}}' > ${engine.folder}/in-text`;
      await done([{ shell: { run: printed, ...options, ...more } }, { shell: { run: inText, ...more } }], { params });
      expect(await readFile(join(engine.folder, 'given'), 'utf8')).toBe(`${KEY}|${LINES}|${KEY}`);
      expect(await readFile(join(engine.folder, 'in-text'), 'utf8')).toBe(KEY.repeat(3));
      await done([{ shell: { run: `rm ${engine.folder}/given ${engine.folder}/in-text`, ...more } }]);
    }
  });

  it('is masked in the log, also when it is printed in two halves or as base64', async () => {
    const half = Math.floor(KEY.length / 2);
    const run = [
      `printf 'whole %s.\\n' "$KEY"`,
      `printf %s "halves $(printf %s "$KEY" | head -c ${half})"; ${engine.waitingFor('go')}; printf '%s.\\n' "$(printf %s "$KEY" | tail -c +${half + 1})"`,
      `echo "base64 $(printf %s "$KEY" | base64 -w 0)."`,
      `printf 'error %s.\\n' "$KEY" >&2`,
      `printf '%s\\n' "$LINES"`,
      'exit 3',
    ].join('\n');
    const task = await start([{ shell: { run, env: { KEY: 'secret:KEY', LINES: 'secret:LINES' } } }]);
    await eventually(async () => expect(await outputOf(task, 'out')).toBe('whole ***.\nhalves '), { within: 30_000 });
    await engine.touch('go');
    const failure = await task.result().then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(failure?.message).toContain('1 of 1 nodes failed');
    expect(await outputOf(task, 'out')).toBe('whole ***.\nhalves ***.\nbase64 ***.\n***\n');
    expect(await outputOf(task, 'err')).toBe('error ***.\n');
    const secrets = [KEY, ...LINES.split('\n')];
    expect(secrets.filter((secret) => failure?.message.includes(secret))).toEqual([]);
    expect(await tracesOf(secrets, engine, task)).toEqual([]);
    await engine.remove('go');
  });

  it('shows in no command line of the node while the command runs, in no history and no table', async () => {
    const watch = new ProcessWatch();
    const wait = `sh -c '${engine.waitingFor('go')}' to-be-seen`;
    const options = { env: { KEY: 'secret:KEY' }, stdin: 'secret:LINES' };
    const python = '#!/usr/bin/env python3\nimport subprocess\nsubprocess.run(["sh", "-c", "exit", "to-be-seen"])\n';
    const steps = [{}, { sudo: true }].flatMap((more) => [
      { shell: { run: `: {{lines}}; ${wait}`, ...options, ...more } },
      { script: { content: `: {{lines}}\n${wait}\n`, ...options, ...more } },
      { script: { content: python, ...options, ...more } },
    ]);
    const task = await start(steps, { params: { lines: 'secret:LINES' } });
    await eventually(() => expect(watch.shown('to-be-seen')).not.toEqual([]), { within: 30_000 });
    await engine.touch('go');
    await task.result();
    await watch.stop();
    const secrets = [KEY, ...LINES.split('\n')];
    for (const secret of secrets) expect(watch.shown(secret), secret).toEqual([]);
    expect(await tracesOf(secrets, engine, task)).toEqual([]);
    expect(await tracesOf(['to-be-seen'], engine, task)).not.toEqual([]);
    await engine.remove('go');
  });

  it('that has no value fails the node and says what to do; nothing is started', async () => {
    const task = await start([{ shell: { run: `touch ${engine.folder}/started`, env: { A: 'secret:NOT_THERE' } } }]);
    await expect(task.result()).rejects.toThrow('1 of 1 nodes failed');
    const [node] = await engine.ledger(task);
    expect(node?.steps[0]).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(
        /^secret NOT_THERE has no value: set NOT_THERE in the worker's environment/,
      ) as string,
    });
    expect(await engine.files()).toEqual([]);
  });
});

async function outputOf(task: TaskHandle, stream: 'out' | 'err'): Promise<string> {
  const { chunks } = await engine.store.logs.read(await engine.idOf(task), { limit: 10_000 });
  return Buffer.concat(chunks.filter((chunk) => chunk.stream === stream).map(({ bytes }) => bytes)).toString();
}
