import { describe, expect, it } from 'vitest';
import { LARGEST_INLINE, parseTemplate, parseTemplateText, type StoredFile } from '../../model/parse/index.ts';
import type { TemplateSpec } from '../../model/template.ts';
import { problems } from './parsing.ts';

const EXAMPLE = `
name: rolling-web
params:
  tag: { description: image tag, required: true }
  port: { default: "8080" }
steps:
  - name: pull
    actions:
      - docker: { pull: "registry.local/web:{{tag}}" }
    timeout: 5m
    retry: { times: 2 }
  - name: start
    actions:
      - docker: { run: { name: web, image: "web:{{tag}}", replace: true, ports: ["{{port}}:80"], env: { TAG: "{{tag}}" } } }
      - shell: "systemctl is-active docker"
  - name: healthy
    actions:
      - check: { http: "http://{{node.address}}:{{port}}/health" }
    onError: ignore
rollout: { batch: 20%, maxFailures: 1, onBudget: pause }
`;

/** A template with this one action, as YAML or as a value. */
const withAction = (action: unknown) => ({ name: 't', steps: [{ name: 's', actions: [action] }] });
const actionsOf = ({ steps }: TemplateSpec, index = 0) => {
  const step = steps[index];
  return step && 'actions' in step ? step.actions : undefined;
};
const actionOf = (action: unknown) => actionsOf(parseTemplate(withAction(action)))?.[0];

describe('a template', () => {
  it('is read from YAML, with its defaults filled in', () => {
    const template = parseTemplateText(EXAMPLE, 'web.yaml');
    expect(template.params).toEqual({ tag: { description: 'image tag', required: true }, port: { default: '8080' } });
    expect(template.rollout).toEqual({ batch: '20%', maxFailures: 1, onBudget: 'pause' });
    expect(template.steps.map(({ timeout, retry, onError }) => ({ timeout, retry, onError }))).toEqual([
      { timeout: 300_000, retry: { times: 2, delay: 5000 }, onError: 'fail' },
      { timeout: 3_600_000, retry: { times: 0, delay: 5000 }, onError: 'fail' },
      { timeout: 3_600_000, retry: { times: 0, delay: 5000 }, onError: 'ignore' },
    ]);
    expect(actionsOf(template, 2)).toEqual([
      { check: { http: 'http://{{node.address}}:{{port}}/health', from: 'worker', within: 30_000, interval: 1000 } },
    ]);
  });

  it('is read from JSON', () => {
    const template = parseTemplateText(EXAMPLE, 'web.yaml');
    expect(parseTemplateText(JSON.stringify(template, null, 2), 'web.json')).toEqual(template);
  });

  it('is the same when it is parsed again', () => {
    const once = parseTemplateText(EXAMPLE, 'web.yaml');
    expect(parseTemplate(once)).toEqual(once);
  });

  it('may have keys that are undefined: to a caller they are not there', () => {
    const template = parseTemplate({ ...withAction({ shell: { run: 'x', cwd: undefined } }), rollout: undefined });
    expect(actionsOf(template)).toEqual([{ shell: { run: 'x' } }]);
    expect('rollout' in template).toBe(false);
  });
});

describe('an action', () => {
  it.each([
    [{ shell: 'x' }, { shell: { run: 'x' } }],
    [
      { shell: { run: 'x', okExitCodes: [0, 3], sudo: 'app', stdin: '' } },
      { shell: { run: 'x', okExitCodes: [0, 3], sudo: 'app', stdin: '' } },
    ],
    [{ script: '#!/bin/sh\nx' }, { script: { content: '#!/bin/sh\nx' } }],
    [{ script: { content: 'x', args: ['a', 1] } }, { script: { content: 'x', args: ['a', '1'] } }],
    [{ docker: { pull: 'web' } }, { docker: { pull: 'web' } }],
    [{ docker: { stop: 'web' } }, { docker: { stop: { name: 'web' } } }],
    [{ docker: { stop: { name: 'web', time: '30s' } } }, { docker: { stop: { name: 'web', time: 30 } } }],
    [{ docker: { start: 'web' } }, { docker: { start: { name: 'web' } } }],
    [{ docker: { restart: 'web' } }, { docker: { restart: { name: 'web' } } }],
    [{ docker: { rm: 'web' } }, { docker: { rm: { name: 'web' } } }],
    [{ docker: { prune: true } }, { docker: { prune: {} } }],
    [
      { docker: { exec: { name: 'a', command: ['sleep', 5] } } },
      { docker: { exec: { name: 'a', command: ['sleep', '5'] } } },
    ],
    [
      { docker: { login: { username: 'a', password: 'secret:X' } } },
      { docker: { login: { username: 'a', password: 'secret:X' } } },
    ],
    [
      { docker: { run: { image: 'a', ports: [80], cpus: 1.5, user: 0 } } },
      { docker: { run: { image: 'a', ports: ['80'], cpus: '1.5', user: '0' } } },
    ],
    [{ copy: { dest: '/a', content: '' } }, { copy: { dest: '/a', content: '' } }],
    [{ check: { shell: 'x', within: '1m' } }, { check: { shell: 'x', from: 'node', within: 60_000, interval: 1000 } }],
    [{ check: { tcp: 'a:1', from: 'node' } }, { check: { tcp: 'a:1', from: 'node', within: 30_000, interval: 1000 } }],
    [{ wait: '30s' }, { wait: 30_000 }],
  ])('%j is %j, and stays so', (given, parsed) => {
    expect(actionOf(given)).toEqual(parsed);
    expect(actionOf(parsed)).toEqual(parsed);
  });

  it.each([
    [
      {},
      'steps[0].actions[0]: says nothing of what to do, expected exactly one of shell, script, docker, copy, check, wait, create_vm, return_vm, register, unregister, drain, undrain, restart, start_vm, stop_vm, upload_start, history_start, await_vm',
    ],
    [{ shell: 'x', wait: 1 }, 'steps[0].actions[0]: has shell and wait, expected exactly one of'],
    [{ shel: 'x' }, 'steps[0].actions[0].shel: unknown key, expected "shell"'],
    ['x', 'steps[0].actions[0]: is "x", expected an object'],
    [{ shell: '' }, 'steps[0].actions[0].shell.run: is "", expected text'],
    [{ shell: 5 }, 'steps[0].actions[0].shell: is 5, expected an object'],
    [
      { shell: { run: 'x', env: { 'A-B': '1' } } },
      'steps[0].actions[0].shell.env.A-B: is no name to use here, expected the name of a variable',
    ],
    [
      { shell: { run: 'x', env: { A: null } } },
      'steps[0].actions[0].shell.env.A: is empty (null), expected text (in quotes; "" for none)',
    ],
    [
      { shell: { run: 'x', env: { A: 'secret:a b' } } },
      'steps[0].actions[0].shell.env.A: names no secret, expected secret:NAME',
    ],
    [
      { shell: { run: 'x', sudo: 1 } },
      'steps[0].actions[0].shell.sudo: is 1, expected true, false or the name of a user',
    ],
    [
      { shell: { run: 'x', idempotent: 'yes' } },
      'steps[0].actions[0].shell.idempotent: is "yes", expected true or false',
    ],
    [
      { shell: { run: 'x', okExitCodes: [256] } },
      'steps[0].actions[0].shell.okExitCodes[0]: is 256, expected an exit code, 0 to 255',
    ],
    [
      { shell: { run: 'x', okExitCodes: [] } },
      'steps[0].actions[0].shell.okExitCodes: is empty, expected a list of exit codes as [0, 2]',
    ],
    [
      { docker: {} },
      'steps[0].actions[0].docker: says nothing of what to do, expected exactly one of pull, run, stop, start, restart, rm, exec, login, prune',
    ],
    [{ docker: { pull: 'a', stop: 'b' } }, 'steps[0].actions[0].docker: has pull and stop, expected exactly one of'],
    [
      { docker: { run: { image: 'a', ports: ['80:99999'] } } },
      'steps[0].actions[0].docker.run.ports[0]: is "80:99999", expected [address:][port:]port',
    ],
    [
      { docker: { run: { image: 'a', replace: true } } },
      'steps[0].actions[0].docker.run.replace: needs a name, expected name: the name of the container to remove first',
    ],
    [{ docker: { run: {} } }, 'steps[0].actions[0].docker.run.image: is missing, expected text'],
    [
      { docker: { run: { image: 'a', pull: 'sometimes' } } },
      'steps[0].actions[0].docker.run.pull: is "sometimes", expected always or missing or never',
    ],
    [
      { docker: { stop: { name: 'a', time: 1.5 } } },
      'steps[0].actions[0].docker.stop.time: is 1.5, expected whole seconds, as 10 or 30s',
    ],
    [
      { docker: { exec: { name: 'a', command: [] } } },
      'steps[0].actions[0].docker.exec.command: is empty, expected a command with its arguments',
    ],
    [
      { docker: { login: { username: 'a', password: 'plain' } } },
      'steps[0].actions[0].docker.login.password: is written out, expected a secret: secret:NAME',
    ],
    [
      { docker: { prune: { volumes: true, until: '1h' } } },
      'steps[0].actions[0].docker.prune.until: goes with volumes, expected one of the two',
    ],
    [
      { copy: { dest: '/a' } },
      'steps[0].actions[0].copy: says nothing of what to do, expected exactly one of content, base64, file',
    ],
    [
      { copy: { dest: 'a', content: '' } },
      'steps[0].actions[0].copy.dest: is "a", expected an absolute path of a file',
    ],
    [
      { copy: { dest: '/a', content: '', mode: 644 } },
      'steps[0].actions[0].copy.mode: is 644, expected an octal mode in quotes, as "0644"',
    ],
    [
      { copy: { dest: '/a', content: '', owner: 'a b' } },
      'steps[0].actions[0].copy.owner: is "a b", expected user or user:group',
    ],
    [{ copy: { dest: '/a', base64: '?' } }, 'steps[0].actions[0].copy.base64: is "?", expected text in base64'],
    [
      { copy: { dest: '/a', file: { sha256: 'x', size: -1 } } },
      'steps[0].actions[0].copy.file.sha256: is "x", expected 64 hexadecimal digits',
    ],
    [{ check: { http: 'a' } }, 'steps[0].actions[0].check.http: is "a", expected a URL as http://host:port/path'],
    [{ check: { tcp: 'a' } }, 'steps[0].actions[0].check.tcp: is "a", expected host:port'],
    [{ check: {} }, 'steps[0].actions[0].check: says nothing of what to do, expected exactly one of http, tcp, shell'],
    [{ check: { tcp: 'a:1', status: 200 } }, 'steps[0].actions[0].check.status: is for http only, expected no status'],
    [
      { check: { shell: 'a', from: 'worker' } },
      'steps[0].actions[0].check.from: a shell check is run on the node, expected node',
    ],
    [
      { check: { tcp: 'a:1', interval: 0 } },
      'steps[0].actions[0].check.interval: is 0, expected a duration as 500ms, 30s, 5m or 2h, longer than nothing',
    ],
    [{ wait: '30' }, 'steps[0].actions[0].wait: is "30", expected a duration as 500ms, 30s, 5m or 2h'],
    [{ wait: -1 }, 'steps[0].actions[0].wait: is -1, expected a duration'],
  ])('%j is refused', (action, message) => {
    expect(problems(() => actionOf(action)).join('\n')).toContain(message);
  });
});

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1.5h', 5_400_000],
    [250, 250],
  ])('%j is %d ms', (wait, ms) => {
    expect(actionOf({ wait })).toEqual({ wait: ms });
  });
});

describe('values of parameters and of the environment', () => {
  it('are text, also when they are written as numbers or true and false, just as they are written', () => {
    const text = `
name: t
params: { tag: { default: 1.10 }, port: { default: 8080 }, on: { default: true } }
steps: [{ name: s, actions: [{ shell: { run: x, env: { V: 1.0, HEX: 0x1F, BIG: 12345678901234567890, OFF: false } } }] }]
`;
    const template = parseTemplateText(text, 't.yaml');
    const { params } = template;
    expect(params).toEqual({ tag: { default: '1.10' }, port: { default: '8080' }, on: { default: 'true' } });
    expect(actionsOf(template)?.[0]).toEqual({
      shell: { run: 'x', env: { V: '1.0', HEX: '0x1F', BIG: '12345678901234567890', OFF: 'false' } },
    });
  });
});

describe('a template with problems', () => {
  it('tells all of them, each with its line and path', () => {
    const text = `name: "web\\t1"
params:
  tag: { requird: true }
  "a b": {}
stepz: []
steps:
  - name: start
    timeout: 5x
    actions:
      - docker:
          run: { image: x, ports: ["99999:80"] }
      - shel: x
  - name: start
    retry: { times: -1 }
    actions: []
rollout: { batch: 120%, canary: 1.5 }
`;
    expect(problems(() => parseTemplateText(text, 'web.yaml'))).toEqual([
      'web.yaml:1: name: is "web\\t1", expected a name for the template: at most 100 characters, on one line',
      'web.yaml:3: params.tag.requird: unknown key, expected "required"',
      'web.yaml:4: params["a b"]: is no name to use here, expected 1-100 letters, digits, _ or -, beginning with a letter or _',
      'web.yaml:5: stepz: unknown key, expected "steps"',
      'web.yaml:8: steps[0].timeout: is "5x", expected a duration as 500ms, 30s, 5m or 2h, longer than nothing',
      'web.yaml:11: steps[0].actions[0].docker.run.ports[0]: is "99999:80", expected [address:][port:]port[/tcp|/udp], with ports from 1 to 65535, as "8080:80"',
      'web.yaml:12: steps[0].actions[1].shel: unknown key, expected "shell"',
      'web.yaml:12: steps[0].actions[1]: says nothing of what to do, expected exactly one of shell, script, docker, copy, check, wait, create_vm, return_vm, register, unregister, drain, undrain, restart, start_vm, stop_vm, upload_start, history_start, await_vm',
      'web.yaml:13: steps[1].name: "start" is the name of number 1 of the list already, expected a name of its own',
      'web.yaml:14: steps[1].retry.times: is -1, expected how many more tries, 0 to 1000',
      'web.yaml:15: steps[1].actions: is empty, expected one action at least',
      'web.yaml:16: rollout.batch: is "120%", expected a count of nodes as 3 or a share as "20%", over 0 and at most 100%, or several of them, the smallest of which counts',
      'web.yaml:16: rollout.canary: is 1.5, expected a count of nodes as 1, or 0 for no canary',
    ]);
  });

  it.each([
    ['', 'x.yaml:1: is empty (null), expected an object'],
    ['- a', 'x.yaml:1: is a list, expected an object'],
    ['name: t', 'x.yaml:1: steps: is missing, expected a list'],
    ['name: t\nsteps: []', 'x.yaml:2: steps: is empty, expected one step at least'],
    ['name: 5\nsteps: []', 'x.yaml:1: name: is 5, expected a name for the template'],
    [
      'name: t\nsteps: [{ actions: [{ wait: 1s }] }]',
      'x.yaml:2: steps[0].name: is missing, expected a name for the step',
    ],
    [
      'name: t\nsteps:\n- name: s\n  actions:\n  - wait: 1s\n  onError: retry',
      'x.yaml:6: steps[0].onError: is "retry", expected fail or ignore',
    ],
    ['name: t\nsteps: [', 'x.yaml:2: no YAML or JSON: '],
    ['name: t\nname: u', 'x.yaml:2: no YAML or JSON: Map keys must be unique'],
    ['name: "a\\{"', 'x.yaml:1: no YAML or JSON: '],
    ['{"name": "t",, }', 'x.yaml:1: no YAML or JSON: '],
    ['name: t\n---\nname: u', 'x.yaml:2: there is a second document, expected one document a file'],
    ['name: *x', 'x.yaml:1: no YAML or JSON: Unresolved alias'],
  ])('%j: %s', (text, message) => {
    expect(problems(() => parseTemplateText(text, 'x.yaml')).join('\n')).toContain(message);
  });

  it('tells the path alone where there is no file', () => {
    expect(problems(() => parseTemplate({ name: 't', steps: 5 }))).toEqual(['steps: is 5, expected a list']);
  });

  it('tells the line through anchors and merged maps', () => {
    const text = 'name: t\nsteps:\n- &a\n  name: s\n  timeout: x\n  actions: [{ wait: 1s }]\n- <<: *a\n  name: u\n';
    expect(problems(() => parseTemplateText(text, 'x.yaml')).map((line) => line.slice(0, 26))).toEqual([
      'x.yaml:5: steps[0].timeout',
      'x.yaml:7: steps[1].timeout',
    ]);
  });
});

describe('local files', () => {
  const big: StoredFile = { sha256: 'a'.repeat(64), size: LARGEST_INLINE + 1 };
  const files: Record<string, Buffer | StoredFile> = {
    'x.sh': Buffer.from('#!/bin/sh\necho {{tag}}\n'),
    'app.conf': Buffer.from('key = grüße\n'),
    'app.conf.j2': Buffer.from('key = {{tag}}\n'),
    'escaped.conf': Buffer.from('key = \\{{tag}}\n'),
    'logo.png': Buffer.from([0x89, 0x50, 0xff, 0]),
    empty: Buffer.alloc(0),
    huge: Buffer.alloc(LARGEST_INLINE + 1, 'x'),
    'big.tar': big,
  };
  const readFile = (path: string) => {
    const file = files[path];
    if (file === undefined) throw new Error('no such file');
    return file;
  };
  const parse = (action: unknown) =>
    actionsOf(parseTemplateText(JSON.stringify(withAction(action)), 't.json', { readFile }))?.[0];

  it('become part of the template, byte for byte', () => {
    expect(parse({ script: { file: 'x.sh', args: ['a'] } })).toEqual({
      script: { content: '#!/bin/sh\necho {{tag}}\n', args: ['a'] },
    });
    expect(parse({ copy: { src: 'app.conf', dest: '/a' } })).toEqual({
      copy: { dest: '/a', content: 'key = grüße\n' },
    });
    expect(parse({ copy: { src: 'logo.png', dest: '/a' } })).toEqual({ copy: { dest: '/a', base64: 'iVD/AA==' } });
    expect(parse({ copy: { src: 'empty', dest: '/a' } })).toEqual({ copy: { dest: '/a', content: '' } });
    expect(parse({ copy: { src: 'big.tar', dest: '/a' } })).toEqual({ copy: { dest: '/a', file: big } });
  });

  it('with what looks like placeholders are copied as base64, so that they are not filled in', () => {
    for (const src of ['app.conf.j2', 'escaped.conf']) {
      const base64 = (files[src] as Buffer).toString('base64');
      expect(parse({ copy: { src, dest: '/a' } })).toEqual({ copy: { dest: '/a', base64 } });
    }
  });

  it.each([
    [{ script: { file: 'none' } }, 't.json:1: steps[0].actions[0].script.file: no such file'],
    [{ copy: { src: 'none', dest: '/a' } }, 't.json:1: steps[0].actions[0].copy.src: no such file'],
    [{ copy: { src: 5, dest: '/a' } }, 't.json:1: steps[0].actions[0].copy.src: is no path of a file'],
    [
      { script: { file: 'logo.png' } },
      'script.file: is no UTF-8 text, expected a script in UTF-8 of at most 131072 bytes; others can be copied and then run by shell',
    ],
    [{ script: { file: 'huge' } }, 'script.file: has 131073 bytes, expected a script in UTF-8'],
    [{ script: { file: 'big.tar' } }, 'script.file: has 131073 bytes, expected a script in UTF-8'],
    [{ script: { file: 'empty' } }, 'script.file: is empty, expected a script in UTF-8'],
    [{ copy: { src: 'huge', dest: '/a' } }, 'copy.src: has 131073 bytes, expected at most 131072 bytes in a template'],
    [{ copy: { src: 'app.conf', dest: '/a', mod: '0644' } }, 'copy.mod: unknown key, expected "mode"'],
    [
      { copy: { src: 'app.conf', dest: '/a', content: 'x' } },
      'copy.src: stands beside content, expected exactly one of src, content, base64, file',
    ],
    [
      { script: { file: 'x.sh', content: 'x' } },
      'script.file: stands beside content, expected exactly one of file, content',
    ],
  ])('%j is refused', (action, message) => {
    const lines = problems(() => parse(action));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(message);
  });

  it('cannot be named where there is no folder to find them in', () => {
    for (const action of [{ script: { file: 'x.sh' } }, { copy: { src: 'x.sh', dest: '/a' } }]) {
      expect(problems(() => actionOf(action)).join()).toContain(
        'is a local file, which can be named only in a template that is read from a file',
      );
    }
  });
});
