import { afterAll, describe, expect, it } from 'vitest';
import { secretVariable } from '../../model/render.ts';
import { command, node, scope } from './rendering.ts';
import { programs, runScript, SHELLS } from './shells.ts';

describe('placeholders', () => {
  it('take parameters, the node and the task', () => {
    const run =
      'echo {{tag}} {{ node.name }} {{node.address}} {{node.port}} {{node.user}} {{node.labels.zone}} {{task.name}}';
    expect(runScript(command({ shell: { run } }, scope({ tag: '1.4' })).script).out).toBe(
      '1.4 web-01 192.0.2.11 2222 deploy a web-1.4.2\n',
    );
  });

  it("leave docker's format strings alone, and what a backslash stands before", () => {
    const run = String.raw`printf '%s|' '{{.State.Running}}' '{{json .}}' '{{ range .Mounts }}{{.Name}}' '\{{tag}}' '\\{{tag}}' \{{{tag}}}`;
    expect(runScript(command({ shell: { run } }, scope({ tag: '1' })).script).out).toBe(
      String.raw`{{.State.Running}}|{{json .}}|{{ range .Mounts }}{{.Name}}|{{tag}}|\\1|{{{tag}}}|`,
    );
  });

  it('{{{name}}} puts a value in as it is, and a text in braces within it is no placeholder', () => {
    const { script } = command({ shell: { run: `printf '%s|' {{{flags}}}` } }, scope({ flags: `-a '{{tag}}'` }));
    expect(runScript(script).out).toBe('-a|{{tag}}|');
  });

  it('quote a value as the raw text before it asks for', () => {
    const { script } = command(
      { shell: { run: `printf '%s|' {{{open}}}{{x}}"` } },
      scope({ open: '"a ', x: '$(touch pwned)' }),
    );
    expect(runScript(script)).toMatchObject({ out: 'a $(touch pwned)|', files: [] });
  });

  it.each([
    ['{{tag}}', {}, 'shell.run: {{tag}} has no value'],
    ['{{constructor}}', {}, 'shell.run: {{constructor}} has no value'],
    ['{{node.labels.rack}}', {}, 'shell.run: {{node.labels.rack}} has no value'],
    ['{{node.nmae}}', {}, 'shell.run: {{node.nmae}} has no value'],
    ['echo `{{tag}}`', { tag: '1' }, 'shell.run: {{tag}} stands inside backticks'],
    ['echo {{tag}}', { tag: 'a\0b' }, 'shell.run: the value holds a NUL character'],
    ['echo {{tag}}', { tag: 'secret:a b' }, 'shell.run: "secret:a b" names no secret, expected secret:NAME'],
    [
      'echo {{{tag}}}',
      { tag: 'secret:A' },
      'shell.run: {{{tag}}} is a secret, which cannot be put in raw; write {{tag}}',
    ],
  ])('%j with %j is refused', (run, params, message) => {
    expect(() => command({ shell: { run } }, scope(params))).toThrow(message);
  });

  it('have no value for what the node does not say', () => {
    const bare = { name: 'a', address: 'a' };
    for (const field of ['port', 'user', 'labels.zone']) {
      const action = { shell: { run: `echo {{node.${field}}}` } };
      expect(() => command(action, scope({}, { node: bare }))).toThrow(`{{node.${field}}} has no value`);
    }
    expect(command({ shell: { run: '{{node.name}}' } }, scope({}, { node: bare })).script).toBe("'a'\n");
  });
});

describe.each(SHELLS)('a shell action ($name)', (shell) => {
  it('has its environment', () => {
    const { script } = command(
      { shell: { run: 'printf %s "$A|$B|"; env | grep -c "^A="', env: { A: `it's {{x}}`, B: '' } } },
      scope({ x: '$(touch pwned)\n' }),
    );
    expect(runScript(script, { shell }).out).toBe(`it's $(touch pwned)\n||1\n`);
  });

  it('runs in its folder, and fails with a sentence when it is not there', () => {
    expect(
      runScript(command({ shell: { run: 'pwd', cwd: '/{{x}}' } }, scope({ x: 'usr' })).script, { shell }).out,
    ).toBe('/usr\n');
    const missing = command({ shell: { run: 'pwd', cwd: "/no 'such" } }).script;
    expect(runScript(missing, { shell })).toMatchObject({
      code: 1,
      out: '',
      err: "cannot change to folder /no 'such\n",
    });
  });

  it('gets its standard input, whole, and keeps its exit code', () => {
    const stdin = `it's\n$(x)\n{{v}}`;
    const { script } = command({ shell: { run: `cat; exit 7`, stdin } }, scope({ v: 'y'.repeat(200_000) }));
    expect(runScript(script, { shell })).toMatchObject({ code: 7, out: `it's\n$(x)\n${'y'.repeat(200_000)}`, err: '' });
  });

  it('may leave its standard input unread', () => {
    const { script } = command({ shell: { run: 'echo done', stdin: 'y'.repeat(200_000) } });
    expect(runScript(script, { shell })).toMatchObject({ code: 0, out: 'done\n', err: '' });
  });

  it('keeps the text of the template as it is, with several lines and an exit code', () => {
    const { script } = command({ shell: { run: 'set -e\nx=1\n# it\'s\n[ "$x" = 2 ] || exit 3' } });
    expect(runScript(script, { shell }).code).toBe(3);
  });
});

describe.each(SHELLS)('sudo ($name)', (shell) => {
  // Stands in for sudo: an environment of its own, and its arguments to be looked at.
  const { path, remove } = programs({
    sudo: '#!/bin/sh\nprintf "sudo: %s\\n" "$*" >&2\nwhile [ "$1" != -- ]; do shift; done; shift\nexec env -i PATH="$PATH" "$@"\n',
  });
  afterAll(remove);

  const secret = `it's\n"$(touch pwned)" \\ \n`;
  const action = {
    shell: {
      run: `printf '%s|' "$PW" {{pw}} "{{x}}" "$(pwd)"; cat; exit 5`,
      env: { PW: 'secret:DB.PASSWORD' },
      cwd: '/usr',
      sudo: 'app',
      stdin: 'in {{pw}}',
    },
  };
  const params = { pw: 'secret:OTHER', x: "a'b" };

  it('runs as the user, with environment, secrets, folder, standard input and exit code', () => {
    const { script, secrets } = command(action, scope(params));
    expect(secrets.sort()).toEqual(['DB.PASSWORD', 'OTHER']);
    const env = { [secretVariable('DB.PASSWORD')]: secret, [secretVariable('OTHER')]: 'other' };
    const { code, out, files } = runScript(script, { shell, env, path });
    expect({ code, out, files }).toEqual({ code: 5, out: `${secret}|other|a'b|/usr|in other`, files: [] });
  });

  it('shows neither the script nor a secret in its arguments', () => {
    const { err } = runScript(command(action, scope(params)).script, {
      shell,
      env: { [secretVariable('OTHER')]: 'other' },
      path,
    });
    expect(err).toBe(
      'sudo: -n -u app -- /bin/sh -c drover_script=$(cat) && exec </dev/null && eval "$drover_script"\n',
    );
  });

  it('means root when it is true, nobody else when it is false', () => {
    const as = (sudo: boolean) => runScript(command({ shell: { run: 'echo ran', sudo } }).script, { shell, path });
    expect(as(true).err).toContain('sudo: -n -u root --');
    expect(as(false)).toMatchObject({ out: 'ran\n', err: '' });
  });

  it('reads nothing as standard input when there is none, least of all the script', () => {
    const { script } = command({ shell: { run: 'cat; echo end', sudo: true } });
    expect(runScript(script, { shell, path }).out).toBe('end\n');
  });
});

describe('sudo', () => {
  it.each(['-s', ''])('to a user called %j is refused', (user) => {
    expect(() => command({ shell: { run: 'id', sudo: '{{user}}' } }, scope({ user }))).toThrow("is no user's name");
  });

  it('to a user whose name is a secret is refused', () => {
    expect(() => command({ shell: { run: 'id', sudo: 'secret:U' } })).toThrow(
      'shell.sudo: secret:U is a secret, which has no place here: it would show in the list of processes',
    );
  });
});

describe('secrets', () => {
  it('never appear in the script, which reads them from variables', () => {
    const { script, secrets, display } = command(
      { shell: { run: `login {{pw}} "a {{pw}}" 'b {{pw}}'`, env: { TOKEN: 'secret:TOKEN', AUTH: 'Bearer {{pw}}' } } },
      scope({ pw: 'secret:DB_PASSWORD' }),
    );
    expect(secrets).toEqual(['DB_PASSWORD', 'TOKEN']);
    expect(script).not.toContain('secret:');
    expect(script).toContain('"${DROVER_SECRET_DB_PASSWORD}"');
    expect(display).toBe(
      `TOKEN=secret:TOKEN AUTH='Bearer 'secret:DB_PASSWORD login secret:DB_PASSWORD "a secret:DB_PASSWORD" 'b secret:DB_PASSWORD'`,
    );
  });

  it('have variables of their own, whatever their names', () => {
    const names = [
      'A',
      'a',
      'A_B',
      'A.B',
      'A-B',
      'A_2EB',
      'A_2DB',
      '_A',
      '__A',
      '_x41',
      '1',
      'A__B',
      'A.',
      'A_',
      '_2E',
      '.',
    ];
    const variables = names.map(secretVariable);
    expect(new Set(variables).size).toBe(names.length);
    for (const variable of variables) expect(variable).toMatch(/^DROVER_SECRET_\w+$/);
    expect(secretVariable('DB_PASSWORD')).toBe('DROVER_SECRET_DB_PASSWORD');
  });
});

describe('what is rendered', () => {
  it('says whether it may run twice and which exit codes are good', () => {
    expect(command({ shell: { run: 'x' } })).toMatchObject({ idempotent: false, okExitCodes: [0], secrets: [] });
    expect(command({ shell: { run: 'x', idempotent: true, okExitCodes: [0, 2] } })).toMatchObject({
      idempotent: true,
      okExitCodes: [0, 2],
    });
  });

  it('shows people one command', () => {
    const shell = { run: 'restart {{x}}', env: { A: '1' }, cwd: '/srv/my app', sudo: 'app', stdin: 'y' };
    expect(command({ shell }, scope({ x: 'web' })).display).toBe(
      `printf %s y | cd '/srv/my app' && sudo -u app A=1 restart 'web'`,
    );
    expect(command({ shell: { run: 'id', sudo: true } }, scope({ node: node.name })).display).toBe('sudo id');
  });
});
