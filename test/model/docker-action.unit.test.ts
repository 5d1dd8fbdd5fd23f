import { afterAll, describe, expect, it } from 'vitest';
import { secretVariable } from '../../model/render.ts';
import type { DockerAction, DockerRun } from '../../model/template.ts';
import { command, scope } from './rendering.ts';
import { programs, runScript, SHELLS } from './shells.ts';

/** Stands in for docker: tells each call's arguments, what it finds in its environment, and its standard input. */
const STAND_IN = `#!/bin/sh
[ "$1 $2" = 'container inspect' ] && { [ "$3" = "$EXISTING" ]; exit; }
printf '<%s>' "$@"; echo
[ -z "\${PW+set}" ] || printf 'PW=%s\\n' "$PW"
[ "$1" != login ] || { printf 'stdin='; cat; echo; }
[ "$1 $2" != "rm --force" ] || exit "\${RM:-0}"
`;
const { path, remove } = programs({ docker: STAND_IN });
afterAll(remove);

function docker(action: DockerAction, params: Record<string, string> = {}, env: Record<string, string> = {}) {
  return runScript(command({ docker: action }, scope(params)).script, { path, env });
}

describe('docker', () => {
  it.each<[DockerAction, string]>([
    [{ pull: 'web:{{tag}}' }, '<pull><web:$(x) "y">'],
    [{ stop: { name: '{{tag}}' } }, '<stop><$(x) "y">'],
    [{ stop: { name: 'web', time: 30 } }, '<stop><-t><30><web>'],
    [{ start: { name: 'web' } }, '<start><web>'],
    [{ restart: { name: 'web', time: 5 } }, '<restart><-t><5><web>'],
    [{ rm: { name: 'web' } }, '<rm><web>'],
    [{ rm: { name: 'web', force: true, volumes: true } }, '<rm><--force><--volumes><web>'],
    [
      {
        exec: { name: 'web', command: ['sh', '-c', 'echo {{tag}}'], user: '0', workdir: '/a b', env: { A: '{{tag}}' } },
      },
      '<exec><--user><0><--workdir></a b><--env><A=$(x) "y"><web><sh><-c><echo $(x) "y">',
    ],
    [{ prune: {} }, '<system><prune><--force>'],
    [{ prune: { all: true, volumes: true } }, '<system><prune><--force><--all><--volumes>'],
    [{ prune: { until: '24h' } }, '<system><prune><--force><--filter><until=24h>'],
    [{ run: { image: 'web' } }, '<run><--detach><web>'],
    [{ run: { image: 'web', detach: false, rm: true, command: ['a', '', '-b'] } }, '<run><--rm><web><a><><-b>'],
  ])('%j', (action, called) => {
    expect(docker(action, { tag: '$(x) "y"' })).toMatchObject({ code: 0, out: `${called}\n`, err: '', files: [] });
  });

  it('run takes every option, in one order', () => {
    const run: Required<Omit<DockerRun, 'replace'>> = {
      name: 'web',
      image: 'web:1',
      ports: ['80:80', '127.0.0.1:{{port}}:81/udp'],
      env: { A: '1', B: '' },
      volumes: ['/a:/b'],
      labels: { x: 'y z' },
      network: 'host',
      restart: 'always',
      user: '1000',
      workdir: '/w',
      entrypoint: '/e',
      hostname: 'h',
      memory: '1g',
      cpus: '1.5',
      privileged: true,
      detach: true,
      rm: true,
      pull: 'always',
      options: ['--init', '--ulimit=nofile=1024'],
      command: ['serve', '--port', '{{port}}'],
    };
    expect(docker({ run }, { port: '8080' }).out).toBe(
      '<run><--detach><--name><web><--publish><80:80><--publish><127.0.0.1:8080:81/udp><--env><A=1><--env><B=>' +
        '<--volume></a:/b><--label><x=y z><--network><host><--restart><always><--user><1000><--workdir></w><--entrypoint></e>' +
        '<--hostname><h><--memory><1g><--cpus><1.5><--privileged><--rm><--pull><always><--init><--ulimit=nofile=1024>' +
        '<web:1><serve><--port><8080>\n',
    );
  });

  describe('run with replace', () => {
    const run = { name: 'web', image: 'web:1', replace: true };

    it('removes a container of that name first', () => {
      expect(docker({ run }, {}, { EXISTING: 'web' }).out).toBe('<run><--detach><--name><web><web:1>\n');
      const { err, out } = docker({ run }, {}, { EXISTING: 'web', PW: 'shown by each call' });
      expect(err + out).toContain('web:1');
    });

    it('runs nothing when that fails', () => {
      expect(docker({ run }, {}, { EXISTING: 'web', RM: '9' })).toMatchObject({ code: 9, out: '' });
    });

    it('removes nothing when there is none', () => {
      expect(docker({ run }, {}, { EXISTING: 'other', RM: '9' })).toMatchObject({
        code: 0,
        out: '<run><--detach><--name><web><web:1>\n',
      });
    });
  });

  it.each(SHELLS)('hands secrets over by its environment, never by its arguments ($name)', (shell) => {
    const env = { PW: 'a {{pw}}', PLAIN: '1' };
    for (const action of [{ run: { image: 'web', env } }, { exec: { name: 'web', command: ['x'], env } }]) {
      const { script, secrets } = command({ docker: action }, scope({ pw: 'secret:PW' }));
      const { out } = runScript(script, { shell, path, env: { [secretVariable('PW')]: "it's" } });
      expect(out).toContain('<--env><PW><--env><PLAIN=1>');
      expect(out).toContain("PW=a it's\n");
      expect(secrets).toEqual(['PW']);
    }
  });

  it.each(SHELLS)('login reads its password from standard input ($name)', (shell) => {
    const login = { registry: 'registry.local', username: 'ci', password: 'secret:TOKEN' };
    const { script, display } = command({ docker: { login } });
    const { out } = runScript(script, { shell, path, env: { [secretVariable('TOKEN')]: "t'%s\\n" } });
    expect(out).toBe("<login><--username><ci><--password-stdin><registry.local>\nstdin=t'%s\\n\n");
    expect(display).toBe('printf %s secret:TOKEN | docker login --username ci --password-stdin registry.local');
  });

  it('shows people the command with the names of secrets', () => {
    const run = { name: 'web', image: 'web:{{tag}}', replace: true, env: { PW: 'secret:PW', A: 'b c' } };
    expect(command({ docker: { run } }, scope({ tag: '1.4' })).display).toBe(
      "docker rm --force web; docker run --detach --name web --env PW=secret:PW --env A='b c' web:1.4",
    );
  });

  it.each<[DockerAction, string]>([
    [
      { pull: '{{x}}' },
      `docker.pull: '--help' cannot be given to docker, expected text that is not empty and does not begin with "-"`,
    ],
    [{ stop: { name: '{{empty}}' } }, `docker.stop.name: '' cannot be given to docker`],
    [
      { run: { image: 'web', ports: ['{{x}}:80'] } },
      'docker.run.ports[0]: "--help:80" is no port, expected [address:][port:]port',
    ],
    [
      { run: { image: 'web:{{pw}}' } },
      'docker.run.image: {{pw}} is a secret, which has no place here: it would show in the list of processes; hand it over by `env`',
    ],
    [
      { run: { image: 'web', command: ['secret:PW'] } },
      'docker.run.command[0]: secret:PW is a secret, which has no place here',
    ],
    [{ run: { image: 'web', labels: { a: '{{pw}}' } } }, 'docker.run.labels.a: {{pw}} is a secret'],
    [
      { run: { image: 'web', env: { 'a.b': '{{pw}}' } } },
      'docker.run.env.a.b: a secret needs a variable name of letters, digits and _',
    ],
    [
      { run: { image: '{{{x}}}' } },
      'docker.run.image: {{{x}}} is raw, which only the text of shell and script takes; write {{x}}',
    ],
    [
      { login: { username: 'a', password: '{{x}}' } },
      'docker.login.password: is written out, expected a secret: secret:NAME, or a parameter with such a value',
    ],
    [{ run: { image: '{{missing}}' } }, 'docker.run.image: {{missing}} has no value'],
  ])('%j is refused', (action, message) => {
    expect(() => docker(action, { x: '--help', pw: 'secret:PW', empty: '' })).toThrow(message);
  });
});
