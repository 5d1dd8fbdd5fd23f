import { afterAll, describe, expect, it } from 'vitest';
import { render } from '../../model/render.ts';
import type { CheckAction } from '../../model/template.ts';
import { command, node, scope } from './rendering.ts';
import { programs, runScript, SHELLS } from './shells.ts';

const timing = { within: 1000, interval: 100 };
const onNode = (check: Partial<CheckAction>) => command({ check: { ...timing, from: 'node', ...check } });

describe('a check from the worker', () => {
  const probe = (check: Partial<CheckAction>, within = scope({ port: '8080' })) =>
    render({ check: { ...timing, from: 'worker', ...check } }, within);

  it('is a probe with its values filled in', () => {
    expect(probe({ http: 'http://{{node.address}}:{{port}}/health', status: 204 })).toEqual({
      kind: 'probe',
      http: 'http://192.0.2.11:8080/health',
      status: 204,
      ...timing,
    });
    expect(probe({ tcp: '{{node.address}}:{{port}}' })).toEqual({ kind: 'probe', tcp: '192.0.2.11:8080', ...timing });
  });

  it('puts IPv6 addresses into brackets, once', () => {
    const within = scope({}, { node: { ...node, address: '2001:db8::1' } });
    expect(probe({ http: 'http://{{node.address}}:80/' }, within)).toMatchObject({ http: 'http://[2001:db8::1]:80/' });
    expect(probe({ tcp: '[{{ node.address }}]:80' }, within)).toMatchObject({ tcp: '[2001:db8::1]:80' });
  });

  it.each([
    [{ http: '{{x}}' }, 'check.http: "what ever" is no URL, expected a URL as http://host:port/path'],
    [{ http: 'ftp://{{node.name}}' }, 'check.http: "ftp://web-01" is no URL'],
    [{ tcp: '{{node.name}}:{{x}}' }, 'check.tcp: "web-01:what ever" cannot be connected to, expected host:port'],
    [{ tcp: '{{node.name}}:0' }, 'check.tcp: "web-01:0" cannot be connected to'],
    [
      { http: 'http://a/{{pw}}' },
      'check.http: {{pw}} is a secret, which has no place here: it would show in logs on the way; use `shell` with `env`',
    ],
    [{ tcp: '{{pw}}:1' }, 'check.tcp: {{pw}} is a secret, which has no place here'],
  ])('%j is refused', (check, message) => {
    expect(() => probe(check, scope({ x: 'what ever', pw: 'secret:PW' }))).toThrow(message);
  });
});

describe.each(SHELLS)('a check on the node ($name)', (shell) => {
  const { path, remove } = programs({
    curl: '#!/bin/sh\necho "$@" >curl-was-asked\nprintf "${ANSWER:-200}"\n',
    'three-times': '#!/bin/sh\necho x >>tried\necho "try $(wc -l <tried)"; [ "$(wc -l <tried)" -ge 3 ]\n',
  });
  afterAll(remove);

  it('passes as soon as the probe does', () => {
    const { code, out, err, files } = runScript(onNode({ shell: 'three-times', within: 20_000 }).script, {
      shell,
      path,
    });
    expect({ code, out, err, files }).toEqual({ code: 0, out: '', err: '', files: ['tried'] });
  });

  it('fails when time is over, and tells what the last probe said', () => {
    const { code, err } = runScript(onNode({ shell: `echo "not yet: it's {{node.name}}" >&2; exit 3` }).script, {
      shell,
    });
    expect({ code, err }).toEqual({
      code: 1,
      err: "not healthy within 1s; the last probe said: not yet: it's web-01\n(exit code 3)\n",
    });
  });

  it('ends a probe that hangs', () => {
    expect(runScript(onNode({ shell: 'sleep 60' }).script, { shell })).toMatchObject({ code: 1 });
  });

  it('asks by curl', () => {
    const { script } = onNode({ http: 'http://a/?x={y}&z=1' });
    expect(runScript(script, { shell, path })).toMatchObject({ code: 0, files: ['curl-was-asked'] });
    expect(runScript(script, { shell, path, env: { ANSWER: '503' } })).toMatchObject({
      code: 1,
      err: 'not healthy within 1s; the last probe said: http://a/?x={y}&z=1 answered 503\n',
    });
    const wanted = onNode({ http: 'http://a', status: 503 }).script;
    expect(runScript(wanted, { shell, path, env: { ANSWER: '503' } }).code).toBe(0);
  });

  it('tells what is missing where there is neither curl nor wget', () => {
    const script = `command() { return 1; }\n${onNode({ http: 'http://a/' }).script}`;
    expect(runScript(script, { shell }).err).toContain(
      'a check by http from the node needs curl or wget there, and neither is installed',
    );
  });
});

describe('a check on the node', () => {
  it('may run twice, and is shown to people in short', () => {
    expect(onNode({ shell: 'test -e /x' })).toMatchObject({
      idempotent: true,
      display: 'check shell on the node: test -e /x',
    });
    expect(onNode({ http: 'http://{{node.name}}/' }).display).toBe('check http on the node: http://web-01/');
    expect(onNode({ tcp: '{{node.name}}:22' }).display).toBe('check tcp on the node: web-01:22');
  });

  it('by shell may read secrets, by variable', () => {
    const { script, secrets } = command(
      { check: { ...timing, from: 'node', shell: 'test {{pw}}' } },
      scope({ pw: 'secret:PW' }),
    );
    expect(secrets).toEqual(['PW']);
    expect(script).toContain('DROVER_SECRET_PW');
  });
});

describe('a wait', () => {
  it('is a wait', () => {
    expect(render({ wait: 30_000 }, scope())).toEqual({ kind: 'wait', ms: 30_000 });
  });
});
