import { describe, expect, it } from 'vitest';
import { checkTask, parseNodes, parseTemplate } from '../../model/parse/index.ts';
import { actionScope, render, scopeOf } from '../../model/render.ts';
import { isComplete, resolveSteps, stepsUsed, type FoundStep } from '../../model/resolve.ts';
import { problems } from './parsing.ts';

const STEPS: Record<string, FoundStep> = {
  start: {
    actions: [
      {
        name: 'run',
        params: { tag: { required: true }, port: { default: '80' }, opts: { raw: true, default: '' } },
        body: { shell: { run: 'run {{{opts}}} {{tag}} {{port}}' } },
      },
    ],
  },
  empty: { actions: [] },
  broken: {
    actions: [
      { name: 'none', body: undefined },
      { name: 'odd', body: { problem: 'module cron is not known' } },
    ],
  },
};

function template(steps: unknown[], params: unknown = { tag: { default: '1' } }) {
  return resolveSteps(parseTemplate({ name: 'web', params, steps }), (name) => STEPS[name]);
}

/** The commands of the template's steps on a node. */
function commands(
  made: ReturnType<typeof template>,
  params: Record<string, string> = {},
  own: Record<string, string> = {},
) {
  const scope = scopeOf({ name: 'task', template: made, params }, { name: 'n1', address: '192.0.2.1', params: own });
  return made.steps.flatMap((step) =>
    step.actions.map((action) => {
      const rendered = render(action, actionScope(scope, step, action));
      // Single words with their quotes off, to be read easily.
      return rendered.kind === 'command' ? rendered.display.replaceAll(/'(\w+)'/g, '$1') : rendered.kind;
    }),
  );
}

describe('a step of the catalogue', () => {
  it('gives a template its actions', () => {
    const made = template([{ use: 'start' }]);
    expect(isComplete(made)).toBe(true);
    expect(made.steps[0]).toMatchObject({ name: 'start', use: 'start', actions: [STEPS['start']?.actions[0]?.body] });
    expect(commands(made)).toEqual(['run  1 80']);
  });

  it('takes its parameters from the step, before the node, the task, the template and the action', () => {
    expect(commands(template([{ use: 'start', params: { tag: 'step' } }]), { tag: 'task' }, { tag: 'node' })).toEqual([
      'run  step 80',
    ]);
    expect(commands(template([{ use: 'start' }]), { tag: 'task' }, { tag: 'node' })).toEqual(['run  node 80']);
    expect(commands(template([{ use: 'start' }]), { tag: 'task' })).toEqual(['run  task 80']);
    expect(commands(template([{ use: 'start' }]))).toEqual(['run  1 80']);
  });

  it('may pass on values of the task and the node, quoted where they stand', () => {
    const made = template([{ use: 'start', params: { tag: 'web:{{tag}} on {{node.name}}', port: '{{tag}}' } }]);
    expect(commands(made, { tag: '2; rm' })).toEqual(["run  'web:2; rm on n1' '2; rm'"]);
  });

  it('puts a raw parameter in as it is', () => {
    expect(commands(template([{ use: 'start', params: { opts: '-d --rm' } }]))).toEqual(['run -d --rm 1 80']);
  });

  it('may come several times; in the task each has a name of its own', () => {
    const made = template([
      { use: 'start', params: { port: '1' } },
      { use: 'start', params: { port: '2' } },
      { name: 'last', use: 'start' },
    ]);
    expect(made.steps.map(({ name }) => name)).toEqual(['start', 'start-2', 'last']);
    expect(commands(made)).toEqual(['run  1 1', 'run  1 2', 'run  1 80']);
  });

  it('passes a secret on whole, and never as a part of a value', () => {
    const made = template([{ use: 'start', params: { tag: '{{tag}}' } }]);
    expect(commands(made, { tag: 'secret:TOKEN' })).toEqual(['run  secret:TOKEN 80']);
    const part = template([{ use: 'start', params: { tag: 'x{{tag}}' } }]);
    const spec = { name: 't', template: part, nodes: parseNodes(['a']), params: { tag: 'secret:TOKEN' } };
    expect(problems(() => checkTask(spec))).toEqual([
      expect.stringContaining('params.tag: a secret cannot be a part of a value'),
    ]);
  });
});

describe('a template that names steps', () => {
  it('knows which', () => {
    expect(stepsUsed(parseTemplate({ name: 't', steps: [{ use: 'a' }, { use: 'b' }, { use: 'a' }] }))).toEqual([
      'a',
      'b',
    ]);
  });

  it('is refused with every name that the catalogue does not have', () => {
    expect(
      problems(() =>
        template([
          { use: 'nosuch' },
          { use: 'empty' },
          { use: 'broken' },
          { use: 'create_vm', params: { size: 'big', within: 'soon' } },
          { use: 'upload_start' },
          { use: 'grow_pool', params: { pool: 'cache', by: '1' } },
        ]),
      ),
    ).toEqual([
      expect.stringContaining('template web, steps[0]: there is no step nosuch'),
      expect.stringContaining('steps[1]: step empty has no actions'),
      expect.stringContaining('steps[2]: step broken names the action none, which has no implementation'),
      expect.stringContaining('action odd of step broken cannot be run: module cron is not known'),
      'template web, steps[3].params.size: create_vm has no such option, expected within, vm_type_id',
      'template web, steps[3].params.within: is soon, expected a duration as 30s',
      'template web, steps[4].params.url: is missing, expected what upload_start needs',
      expect.stringContaining('steps[5]: grow_pool is no step for templates'),
    ]);
  });

  it("takes a group action by its name, with the step's own parameters as its options", () => {
    const { steps } = template([{ use: 'create_vm', params: { within: '10m', vm_type_id: '3' } }, { use: 'drain' }]);
    expect(steps.map(({ actions }) => actions)).toEqual([
      [{ create_vm: { within: 600_000, vm_type_id: '3' } }],
      [{ drain: {} }],
    ]);
  });

  it('is refused as a task without a pool when a step acts on machines', () => {
    const spec = { name: 't', template: template([{ use: 'drain' }]), nodes: parseNodes(['a']), params: {} };
    expect(problems(() => checkTask(spec))).toEqual([
      'template web, step drain: acts on the machines of a pool through its provider, and there is none here, expected steps that run on nodes, or a pool',
    ]);
    expect(problems(() => checkTask({ ...spec, pool: 'web' }))).toEqual([]);
  });

  it('is refused as a task when a value is missing, with the way out', () => {
    const spec = { name: 't', template: template([{ use: 'start' }], {}), nodes: parseNodes(['a']), params: {} };
    expect(problems(() => checkTask(spec))).toEqual([
      "template web, step start, action shell: {{tag}} has no value, expected a value under the step's params, or tag declared under the template's",
    ]);
    const bound = template([{ use: 'start', params: { tag: '{{label}}' } }], {});
    expect(problems(() => checkTask({ ...spec, template: bound }))).toEqual([
      expect.stringContaining('template web, step start, params.tag: {{label}} has no value'),
    ]);
  });
});
