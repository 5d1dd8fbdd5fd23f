import { describe, expect, it } from 'vitest';
import { checkTask, parseNodes, parseParams } from '../../model/parse/index.ts';
import type { TaskSpec } from '../../model/task.ts';
import { completeTemplate } from '../support/templates.ts';
import { problems } from './parsing.ts';

const TEMPLATE = {
  name: 'web',
  params: { tag: { required: true }, port: { default: '8080' }, flags: { raw: true, default: '' } },
  steps: [{ name: 'start_service', actions: [{ docker: { run: { image: 'web:{{tag}}', ports: ['{{port}}:80'] } } }] }],
};

function spec(
  changes: Partial<Omit<TaskSpec, 'template' | 'nodes'>> & { template?: unknown; nodes?: unknown } = {},
): TaskSpec {
  const { template = TEMPLATE, nodes = ['a', 'b', 'c', 'd', 'e'], ...others } = changes;
  return {
    name: 'web-1.4',
    params: { tag: '1.4' },
    ...others,
    template: completeTemplate(template),
    nodes: parseNodes(nodes),
  };
}

/** A template with these actions, and the parameters of the one above. */
const withActions = (...actions: unknown[]) => ({ ...TEMPLATE, steps: [{ name: 's', actions }] });
const told = (changes: Parameters<typeof spec>[0]) => problems(() => checkTask(spec(changes)));

describe('a task', () => {
  it('with everything it needs is fine', () => {
    expect(told({})).toEqual([]);
  });

  it('tells a value that is missing by template, step and action', () => {
    expect(told({ params: {} })).toEqual([
      'template web, step start_service, action docker_run: {{tag}} has no value, expected a value for tag from the task, the node or as a default',
    ]);
  });

  it('takes values from the template, over it the task, over it the node', () => {
    const nodes = [{ address: 'a', params: { port: 'x' } }, 'b'];
    expect(told({ nodes, params: { tag: '1', port: '80' } })).toEqual([
      'template web, step start_service, action docker_run: docker.run.ports[0]: "x:80" is no port, expected [address:][port:]port[/tcp|/udp], with ports from 1 to 65535, as "8080:80" for a',
    ]);
    expect(told({ nodes: [{ address: 'a', params: { port: '81', tag: '2' } }], params: {} })).toEqual([]);
  });

  it('names three of the nodes without a value', () => {
    const nodes = [{ address: 'has-it', params: { tag: '1' } }, 'a', 'b', 'c', 'd', 'e'];
    expect(told({ nodes, params: {} })[0]).toContain('{{tag}} has no value for a, b, c and 2 more');
    expect(told({ nodes: nodes.slice(0, 3), params: {} })[0]).toContain('{{tag}} has no value for a, b, expected');
  });

  it('tells each parameter once', () => {
    const template = withActions({ shell: 'a {{tag}}' }, { shell: 'b {{tag}} {{tga}}' });
    expect(told({ template, params: {} })).toEqual([
      'template web, step s, action shell 1: {{tag}} has no value, expected a value for tag from the task, the node or as a default',
      'template web, step s, action shell 2: {{tga}} has no value, expected "tag"? Or \\{{tga}} for the text itself',
    ]);
  });

  it('wants required parameters even where no placeholder needs them', () => {
    const template = withActions({ shell: 'x' });
    expect(told({ template, params: {} })).toEqual([
      'params.tag: is missing, expected a value: template web requires it',
    ]);
    expect(told({ template, params: {}, nodes: [{ address: 'a', params: { tag: '1' } }, 'b'] })).toEqual([
      'params.tag: is missing for b, expected a value: template web requires it',
    ]);
  });

  it('refuses parameters that the template does not have', () => {
    expect(told({ params: { tag: '1', prot: '80', whatever: '1' } })).toEqual([
      'params.prot: template web has no such parameter, expected "port"',
      'params.whatever: template web has no such parameter, expected one of tag, port, flags',
    ]);
  });

  it('lets nodes have parameters that are for other templates', () => {
    expect(told({ nodes: [{ address: 'a', params: { weight: '10' } }] })).toEqual([]);
  });

  it('tells what nodes lack', () => {
    const template = withActions({ shell: '{{node.labels.zone}} {{node.port}}' });
    expect(told({ template, nodes: ['a', { address: 'b', labels: { zone: 'x' }, port: 22 }] })).toEqual([
      'template web, step s, action shell: {{node.labels.zone}} has no value for a, expected every node to have the label',
      'template web, step s, action shell: {{node.port}} has no value for a, expected node.name, node.address, node.port, node.user (the latter two when the nodes have them), node.labels.NAME or task.name',
    ]);
  });

  it('refuses {{{name}}} of a parameter that is not declared raw', () => {
    expect(told({ template: withActions({ shell: 'x {{{flags}}} {{{tag}}}' }) })).toEqual([
      'template web, step s, action shell: {{{tag}}} would be put in without quotes, and the parameter is not declared raw, expected {{tag}}, or raw: true under params.tag',
    ]);
  });

  it('refuses values in places where no quoting is safe', () => {
    expect(told({ template: withActions({ shell: 'x `echo {{tag}}`' }) })[0]).toContain(
      'template web, step s, action shell: shell.run: {{tag}} stands inside backticks',
    );
  });

  it("finds what only one node's raw value makes unsafe", () => {
    const nodes = ['a', { address: 'b', params: { flags: '`' } }, 'c'];
    const lines = told({ template: withActions({ shell: 'x {{{flags}}} {{tag}}' }), nodes });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/{{tag}} stands inside backticks.* for b$/);
  });

  it('refuses secrets where they would show', () => {
    const template = withActions({ check: { http: 'http://a/{{tag}}' } }, { docker: { pull: 'web:{{tag}}' } });
    const lines = told({ template, params: { tag: 'secret:X' } });
    expect(lines[0]).toContain('action check: check.http: {{tag}} is a secret, which has no place here');
    expect(lines[1]).toContain('action docker_pull: docker.pull: {{tag}} is a secret, which has no place here');
  });

  it('leaves scripts for other interpreters alone, but for the names of parameters', () => {
    const python = (text: string) => withActions({ script: `#!/usr/bin/env python3\n${text}` });
    expect(told({ template: python('{{item}}') })).toEqual([]);
    expect(told({ template: python('{{tag}}') })[0]).toContain('{{tag}} is not replaced in a script for env python3');
  });

  it('has a name, nodes, and no canary bigger than they are', () => {
    expect(told({ name: 'a b' })[0]).toBe(
      'name: is "a b", expected a name for the task: 1-100 letters, digits or . _ - :, beginning with a letter or digit',
    );
    expect(told({ name: 'web-2026-11-21T08:00:00Z' })).toEqual([]);
    expect(problems(() => checkTask({ ...spec(), nodes: [] }))).toContain(
      'nodes: is empty, expected one node at least',
    );
    expect(told({ rollout: { canary: 6 } })).toEqual([
      'rollout.canary: is 6, but the task has 5 nodes, expected at most 5',
    ]);
    expect(told({ rollout: { canary: 5 } })).toEqual([]);
  });

  it('tells everything at once', () => {
    expect(told({ name: '-', params: { prot: '1' }, rollout: { canary: 9 } })).toHaveLength(4);
  });

  it('of 10,000 nodes is checked in no time, though each has parameters of its own', () => {
    const nodes = Array.from({ length: 10_000 }, (_, i) => ({
      name: `n${i}`,
      address: 'a',
      params: { port: String(1 + i) },
    }));
    const task = spec({ nodes });
    const start = performance.now();
    checkTask(task);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('parameters', () => {
  it('are text, or numbers and true and false taken for it', () => {
    expect(parseParams({ a: 'x', b: 1.5, c: true, d: 'secret:NAME' })).toEqual({
      a: 'x',
      b: '1.5',
      c: 'true',
      d: 'secret:NAME',
    });
    expect(parseParams(undefined)).toEqual({});
  });

  it.each([
    [{ a: null }, 'params.a: is empty (null), expected text (in quotes; "" for none)'],
    [{ a: ['x'] }, 'params.a: is a list, expected text'],
    [
      { a: 'secret:../x' },
      'params.a: names no secret, expected secret:NAME, NAME being 1-100 letters, digits or . _ -',
    ],
    ['a=b', 'params: is "a=b", expected an object'],
  ])('%j are refused', (params, message) => {
    expect(problems(() => parseParams(params)).join()).toContain(message);
  });
});
