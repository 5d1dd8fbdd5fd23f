import { describe, expect, it } from 'vitest';
import { render } from '../../model/render.ts';
import { scope } from './rendering.ts';

describe('a copy', () => {
  it('has its values filled in, without quotes: there is no shell', () => {
    const copy = {
      dest: '/etc/{{app}}.conf',
      content: "name='{{app}}' \\{{app}}",
      mode: '0{{mode}}',
      owner: '{{app}}:{{app}}',
      sudo: true,
    };
    expect(render({ copy }, scope({ app: 'web', mode: '640' }))).toEqual({
      kind: 'copy',
      copy: { dest: '/etc/web.conf', content: "name='web' {{app}}", mode: '0640', owner: 'web:web', sudo: true },
    });
  });

  it('leaves base64 and stored files as they are', () => {
    const file = { sha256: 'a'.repeat(64), size: 1 };
    expect(render({ copy: { dest: '/a', file } }, scope())).toEqual({ kind: 'copy', copy: { dest: '/a', file } });
    expect(render({ copy: { dest: '/a', base64: 'e3t4fX0=' } }, scope())).toMatchObject({
      copy: { base64: 'e3t4fX0=' },
    });
  });

  it.each([
    [
      { dest: '{{x}}', content: '' },
      'copy.dest: "etc/x" is no file\'s path, expected an absolute path of a file, as /etc/app.conf',
    ],
    [{ dest: '/{{x}}/', content: '' }, 'copy.dest: "/etc/x/" is no file\'s path'],
    [
      { dest: '/a', content: '', mode: '{{x}}' },
      'copy.mode: "etc/x" is no mode, expected an octal mode in quotes, as "0644"',
    ],
    [{ dest: '/a', content: '', owner: '{{x}}' }, 'copy.owner: "etc/x" is no owner, expected user or user:group'],
    [
      { dest: '/a', content: '{{pw}}' },
      'copy.content: {{pw}} is a secret, which has no place here: what is copied is kept in the task; write it by `shell` with `env`',
    ],
    [{ dest: '/a', content: '{{none}}' }, 'copy.content: {{none}} has no value'],
  ])('%j is refused', (copy, message) => {
    expect(() => render({ copy }, scope({ x: 'etc/x', pw: 'secret:PW' }))).toThrow(message);
  });
});
