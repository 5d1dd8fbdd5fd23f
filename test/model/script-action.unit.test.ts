import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { secretVariable } from '../../model/render.ts';
import { command, scope } from './rendering.ts';
import { runScript, SHELLS } from './shells.ts';

describe.each(SHELLS)('a script ($name)', (shell) => {
  it('is run by sh when it has no #! line, with its arguments', () => {
    const script = { content: `printf '%s|' {{x}} "$@" "$#"; exit 4`, args: ['a b', '{{x}}', '', '-n'] };
    const { code, out } = runScript(command({ script }, scope({ x: "it's" })).script, { shell });
    expect({ code, out }).toEqual({ code: 4, out: "it's|a b|it's||-n|4|" });
  });

  it('is run by what its #! line names, arguments of it included', () => {
    const bash = { content: '#!/usr/bin/env bash\nx=({{x}} b); printf %s "${#x[@]}"' };
    expect(runScript(command({ script: bash }, scope({ x: 'a a' })).script, { shell }).out).toBe('2');
    const strict = { content: '#!/bin/sh -eu\nfalse\necho not reached' };
    expect(runScript(command({ script: strict }).script, { shell })).toMatchObject({ code: 1, out: '' });
    const js = {
      content: '#!/usr/bin/env node\nprocess.stdout.write(process.argv[2] + process.env.A)',
      args: ['{{x}}'],
      env: { A: '!' },
    };
    expect(runScript(command({ script: js }, scope({ x: '$(id)' })).script, { shell }).out).toBe('$(id)!');
  });

  it('gets environment, folder, standard input and secrets', () => {
    const script = { content: `printf '%s|' "$A" "$PWD" {{pw}}; cat`, env: { A: '{{pw}}' }, cwd: '/usr', stdin: 'in' };
    const rendered = command({ script }, scope({ pw: 'secret:PW' }));
    const { out } = runScript(rendered.script, { shell, env: { [secretVariable('PW')]: "p'w" } });
    expect(out).toBe("p'w|/usr|p'w|in");
    expect(rendered.secrets).toEqual(['PW']);
  });

  it('arrives byte for byte, with any text in it', () => {
    const content = `#!/bin/cat\nit's \\ $(x) \`y\` %s grüße {{.Name}}\n\n${'x'.repeat(120_000)}\n`;
    expect(runScript(command({ script: { content } }).script, { shell }).out).toBe(content);
  });

  it('leaves no file behind, however it ends', () => {
    const ours = () => readdirSync(tmpdir()).filter((name) => name.startsWith('drover.'));
    const before = ours();
    expect(runScript(command({ script: { content: 'exit 3' } }).script, { shell }).code).toBe(3);
    expect(runScript(command({ script: { content: 'kill $PPID; exec sleep 0.2' } }).script, { shell }).code).toBe(143);
    expect(ours()).toEqual(before);
  });
});

describe('a script for another interpreter', () => {
  const python = (line: string) => ({ content: `#!/usr/bin/env python3\n${line}\n` });

  it('is not looked into for placeholders', () => {
    const { script } = command({ script: python('print("{{item}} {{ x }}")') }, scope({ tag: '1' }));
    expect(script).toContain('print("{{item}} {{ x }}")');
  });

  it('naming a parameter is an error that tells the way', () => {
    expect(() => command({ script: python('print("{{tag}}")') }, scope({ tag: '1' }))).toThrow(
      'script.content: {{tag}} is not replaced in a script for env python3; hand it over by `env` or `args`, or write \\{{tag}} for the text itself',
    );
    expect(() => command({ script: python('print("{{node.name}}")') })).toThrow('{{node.name}} is not replaced');
  });

  it('may name one after a backslash', () => {
    const { script } = command({ script: python(String.raw`print("\{{tag}} \{{other}}")`) }, scope({ tag: '1' }));
    expect(script).toContain(String.raw`print("{{tag}} \{{other}}")`);
  });
});

describe('the #! line', () => {
  it.each([
    ['#!/bin/bash', true],
    ['#! /bin/sh -e', true],
    ['#!/usr/bin/env bash', true],
    ['#!/usr/bin/env -S bash -x', true],
    ['#!/usr/bin/env LC_ALL=C dash', true],
    ['#!/bin/busybox sh', true],
    ['#!/usr/bin/ksh', true],
    ['', true],
    ['#!/usr/bin/perl', false],
    ['#!/usr/bin/fish', false],
    ['#!/usr/bin/env ruby', false],
    ['#!/bin/busybox awk', false],
  ])('%j: placeholders replaced is %j', (line, replaced) => {
    const write = () => command({ script: { content: `${line}\necho {{x}}` } }, scope({ x: '1' })).script;
    if (replaced) expect(write()).not.toContain('{{x}}');
    else expect(write).toThrow('{{x}} is not replaced');
  });
});

it('a secret among the arguments is refused', () => {
  expect(() => command({ script: { content: ':', args: ['{{pw}}'] } }, scope({ pw: 'secret:PW' }))).toThrow(
    'script.args[0]: {{pw}} is a secret, which has no place here: it would show in the list of processes; hand it over by `env`',
  );
});

it('people see its interpreter, its length and its arguments', () => {
  const script = { content: '#!/usr/bin/env bash\necho\necho', args: ['a b'] };
  expect(command({ script }).display).toBe("script[/usr/bin/env bash, 3 lines] 'a b'");
});
