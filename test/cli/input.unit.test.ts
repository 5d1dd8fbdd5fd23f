import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { plan, planText } from '../../cli/dry-run.ts';
import { listenAddress } from '../../cli/settings.ts';
import { newName, readTask, type TaskOptions } from '../../cli/input/task.ts';
import { validateFile } from '../../cli/input/validate.ts';
import { LARGEST_INLINE } from '../../model/parse/index.ts';
import { Invalid, type Problem } from '../../model/parse/problem.ts';

const folder = mkdtempSync(join(tmpdir(), 'drover-input-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
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

const options: TaskOptions = { nodes: 'a,b', param: [] };
const WEB = `
name: web
params: { tag: { required: true } }
steps:
  - name: start
    actions:
      - shell: { run: "run {{tag}} on {{node.name}}", env: { TOKEN: "secret:WEB" } }
      - shell: uptime
`;

describe('what `run` is given', () => {
  it('becomes a task', () => {
    const { submission } = readTask(file('web.yaml', WEB), {
      ...options,
      param: ['tag=a=b'],
      batch: ['20%', '3'],
      maxFailures: '5%',
      bake: '30s',
    });
    expect(submission).toMatchObject({
      template: { name: 'web' },
      nodes: [{ name: 'a' }, { name: 'b' }],
      params: { tag: 'a=b' },
      rollout: { batch: ['20%', 3], maxFailures: '5%', bake: 30_000 },
    });
  });

  it('is refused with the problems of template, nodes, parameters and options all at once', () => {
    const template = file('bad.yaml', 'name: x\nsteps:\n  - name: a\n    actions:\n      - shel: foo\n');
    const nodes = file('nodes.yaml', 'nodes:\n  - { name: a, address: h, prt: 3 }\n');
    const problems = problemsOf(() =>
      readTask(template, { nodes, param: ['tag'], batch: ['120%'], maxFailures: 'x', onBudget: 'cry' }),
    );
    expect(problems).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ file: template, line: 5, path: 'steps[0].actions[0].shel' }),
        expect.objectContaining({ file: nodes, line: 2, path: 'nodes[0].prt' }),
        expect.objectContaining({ path: '--param' }),
        expect.objectContaining({ path: '--batch' }),
        expect.objectContaining({ path: '--max-failures' }),
        expect.objectContaining({ path: '--on-budget' }),
      ]),
    );
  });

  it('lacks a parameter, or has one too many or twice', () => {
    const template = file('web.yaml', WEB);
    expect(problemsOf(() => readTask(template, options))).toMatchObject([
      { message: expect.stringContaining('tag') as unknown },
    ]);
    expect(problemsOf(() => readTask(template, { ...options, param: ['tag=1', 'tog=2'] }))).toMatchObject([
      { path: 'params.tog' },
    ]);
    expect(problemsOf(() => readTask(template, { ...options, param: ['tag=1', 'tag=2'] }))).toMatchObject([
      { path: '--param' },
    ]);
  });

  it('names files that are not there', () => {
    expect(problemsOf(() => readTask(join(folder, 'no.yaml'), { ...options, nodes: './no-nodes.yaml' }))).toMatchObject(
      [
        { file: join(folder, 'no.yaml'), message: 'does not exist' },
        { file: './no-nodes.yaml', message: 'does not exist' },
      ],
    );
  });

  it('takes along the files it names: small ones inside, big ones to be uploaded', () => {
    file('motd', 'hello');
    file('big', Buffer.alloc(LARGEST_INLINE + 1));
    const template = file(
      'copies.yaml',
      'name: c\nsteps:\n  - name: a\n    actions:\n      - copy: { src: motd, dest: /m }\n      - copy: { src: ./big, dest: /b }\n',
    );
    const { complete, uploads } = readTask(template, options);
    expect(complete?.template.steps[0]?.actions).toMatchObject([
      { copy: { content: 'hello' } },
      { copy: { file: { size: LARGEST_INLINE + 1, sha256: uploads[0]?.sha256 } } },
    ]);
    expect(uploads.map(({ path }) => path)).toEqual([join(folder, 'big')]);
  });
});

it('a template of the catalogue is named, and so are the nodes of a pool', () => {
  expect(readTask('web@3', { param: [], pool: 'web', nodes: 'a, b' })).toMatchObject({
    submission: {
      templateName: 'web@3',
      pool: 'web',
      nodes: ['a', 'b'],
      name: expect.stringMatching(/^web-/) as unknown,
    },
  });
  expect(readTask('web', { param: [], pool: 'web' }).submission).not.toHaveProperty('nodes');
  expect(readTask('重启 服务', options).submission).toMatchObject({
    name: expect.stringMatching(/^重启-服务-\d{4}-/) as unknown,
    nodes: [{ name: 'a' }, { name: 'b' }],
  });
});

it('is asked for nodes or a pool', () => {
  expect(problemsOf(() => readTask('web', { param: [] }))).toMatchObject([
    { expected: expect.stringContaining('--pool') as unknown },
  ]);
});

it('a file that takes steps of the catalogue is not complete by itself', () => {
  const template = file('uses.yaml', 'name: x\nsteps:\n  - use: echo\n');
  expect(readTask(template, options).complete).toBeUndefined();
  expect(readTask(template, options).submission).toMatchObject({ template: { steps: [{ use: 'echo' }] } });
});

it('a template may stand in a file of the catalogue, if it is the only one there', () => {
  const document = (name: string) => `kind: template\nname: ${name}\nsteps: [{ use: echo }]\n`;
  const template = file('document.yaml', `kind: cluster\nname: c\n---\n${document('x')}`);
  expect(readTask(template, options).submission.template).toEqual(
    readTask(file('bare.yaml', document('x').replace('kind: template\n', '')), options).submission.template,
  );
  const two = file('two.yaml', `${document('x')}---\n${document('y')}`);
  expect(problemsOf(() => readTask(two, options))).toMatchObject([
    { file: two, message: expect.stringContaining('has 2 templates') as unknown },
  ]);
});

it('a name made for a task is the template’s and the time, and another one each time', () => {
  const now = new Date(2026, 10, 21, 9, 5);
  expect(newName('web', now)).toMatch(/^web-1121-0905-[a-z]{3}$/);
  expect(newName('w'.repeat(100), now).length).toBeLessThanOrEqual(100);
});

describe('a dry run', () => {
  const { complete: task } = readTask(file('web.yaml', WEB), {
    nodes: 'a,b,c,d,e',
    param: ['tag=1; rm x'],
    batch: ['2'],
    canary: '1',
  });
  if (!task) throw new Error('the template takes nothing from the catalogue');

  it('has the batches, and each command as on the first node, secrets masked', () => {
    const planned = plan(task);
    expect(planned.batches).toEqual([
      { batch: 1, nodes: ['a'] },
      { batch: 2, nodes: ['b', 'c'] },
      { batch: 3, nodes: ['d', 'e'] },
    ]);
    expect(planned.steps[0]?.actions).toMatchObject([
      {
        kind: 'shell',
        display: expect.stringMatching(/secret:WEB[^]*run '1; rm x' on 'a'/) as unknown,
        differsOn: ['b', 'c', 'd', 'e'],
      },
      { kind: 'shell', display: 'uptime', differsOn: [] },
    ]);
  });

  it('says on which nodes a command is another one', () => {
    expect(planText(plan(task))).toContain('differs on 4 nodes: b, c, d, e');
  });
});

describe('`validate`', () => {
  it('knows nodes from templates', () => {
    expect(validateFile(file('n.yaml', '[a, b]'))).toMatchObject([{ kind: 'nodes', name: '(2 nodes)' }]);
    expect(validateFile(file('web.yaml', WEB))).toMatchObject([{ kind: 'template', name: 'web' }]);
  });

  it('tells where YAML is broken', () => {
    expect(problemsOf(() => validateFile(file('broken.yaml', 'name: x\nsteps: [\n')))).toMatchObject([
      { line: expect.any(Number) as unknown },
    ]);
  });
});

it('`--listen` is a host and a port, or a port on loopback', () => {
  expect(listenAddress('0.0.0.0:80')).toEqual({ host: '0.0.0.0', port: 80 });
  expect(listenAddress('[::1]:80')).toEqual({ host: '::1', port: 80 });
  expect(listenAddress('7610')).toEqual({ host: '127.0.0.1', port: 7610 });
  expect(() => listenAddress('here')).toThrow('expected host:port');
});
