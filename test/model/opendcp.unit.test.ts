import { describe, expect, it } from 'vitest';
import { actionOf, implementationOf, paramsOf } from '../../model/opendcp/actions.ts';
import { parseOpendcpCatalogue } from '../../model/opendcp/catalogue.ts';
import { nodeState, taskState } from '../../model/opendcp/states.ts';
import { specOfSteps, stepsOfSpec, withOverrides } from '../../model/opendcp/steps.ts';
import { actionScope, scopeOf } from '../../model/render.ts';
import { resolveSteps } from '../../model/resolve.ts';
import { problems } from './parsing.ts';

describe('an implementation of OpenDCP', () => {
  it('is a line of shell, or a bash script', () => {
    expect(actionOf({ action: { module: 'shell', args: 'echo {{word}} ' } })).toEqual({
      shell: { run: 'echo {{word}} ' },
    });
    expect(actionOf({ action: { module: 'longscript', content: 'for ((i=0;i<3;i++)); do :; done' } })).toEqual({
      script: { content: '#!/bin/bash\nfor ((i=0;i<3;i++)); do :; done' },
    });
    expect(actionOf({ action: { module: 'longscript', content: '#!/bin/sh\necho' } })).toEqual({
      script: { content: '#!/bin/sh\necho' },
    });
  });

  it("may be in Drover's own form", () => {
    expect(actionOf({ docker: { pull: 'web:{{tag}}' } })).toEqual({ docker: { pull: 'web:{{tag}}' } });
  });

  it.each([
    [null, 'is empty'],
    [{}, 'none of OpenDCP'],
    [{ action: 'x' }, 'has no action'],
    [{ action: { module: 'cron' } }, 'module "cron" is not known here'],
    [{ action: { module: 'shell' } }, 'no text in args'],
    [{ action: { module: 'longscript', content: 5 } }, 'no text in content'],
  ])('%j cannot be run', (template, problem) => {
    expect(actionOf(template)).toEqual({ problem: expect.stringContaining(problem) as string });
  });

  it('is written in the form that its clients know, and read back the same', () => {
    const bodies = [
      { shell: { run: 'uptime' } },
      { shell: { run: 'uptime', sudo: true } },
      { script: { content: '#!/bin/bash\necho' } },
      { script: { content: 'echo' } },
      { docker: { pull: 'x' } },
      { wait: 1000 },
    ];
    for (const body of bodies) expect(actionOf(implementationOf(body))).toEqual(body);
    expect(implementationOf({ shell: { run: 'uptime' } })).toEqual({ action: { module: 'shell', args: 'uptime' } });
    expect(implementationOf({ script: { content: '#!/bin/bash\nx' } })).toMatchObject({
      action: { module: 'longscript' },
    });
  });

  it('declares parameters by type, or with more to say', () => {
    expect(paramsOf({ port: 'integer', opts: { type: 'string', raw: true }, odd: [1], 参: 'string' })).toEqual({
      port: { type: 'integer' },
      opts: { type: 'string', raw: true },
      odd: {},
    });
    expect(paramsOf(null)).toEqual({});
  });
});

describe('steps of OpenDCP', () => {
  const steps = [
    {
      name: 'check_port',
      param_values: { port: 80, on: true, list: [1], format: '{{.Names}} {{name}}' },
      retry: { retry_times: 2, ignore_error: true },
    },
    { name: 'check_port', param_values: null, retry: null },
    { name: 'odd', param_values: {}, retry: { retry_times: -1, ignore_error: false } },
  ];

  it('become steps by name, with tries 5 s apart', () => {
    const spec = specOfSteps('t', 'described', steps);
    expect(spec.description).toBe('described');
    expect(spec.steps[0]).toMatchObject({
      use: 'check_port',
      params: { port: '80', on: 'true', list: '[1]' },
      retry: { times: 2, delay: 5000 },
      onError: 'ignore',
    });
    expect(spec.steps[2]).toMatchObject({ retry: { times: 0, delay: 5000 }, onError: 'fail' });
  });

  it('have values that are never placeholders', () => {
    const template = resolveSteps(specOfSteps('t', '', steps.slice(0, 1)), () => ({
      actions: [{ name: 'a', body: { shell: { run: 'x' } } }],
    }));
    const [step] = template.steps;
    const scope = scopeOf({ name: 'task', template, params: { name: 'not this' } }, { name: 'n', address: 'n' });
    expect(step?.actions[0] && actionScope(scope, step, step.actions[0]).params['format']).toBe('{{.Names}} {{name}}');
  });

  it('are shown of any template', () => {
    expect(stepsOfSpec(specOfSteps('t', '', steps.slice(0, 1)))).toEqual([
      {
        name: 'check_port',
        param_values: expect.objectContaining({ port: '80' }) as object,
        retry: { retry_times: 2, ignore_error: true },
      },
    ]);
  });

  it('take overrides, also where they have no parameters', () => {
    expect(
      withOverrides(steps, (name) => name.startsWith('check'), { tag: 'x' }).map((step) => step.param_values),
    ).toEqual([{ ...steps[0]?.param_values, tag: 'x' }, { tag: 'x' }, {}]);
  });
});

describe('states', () => {
  it('of tasks', () => {
    const some = { ok: 1 };
    const none = { ok: 0 };
    const states = (['pending', 'running', 'paused', 'stopping', 'ok', 'failed', 'stopped', 'terminated'] as const).map(
      (status) => [taskState(status, none), taskState(status, some)],
    );
    expect(states).toEqual([
      [0, 0],
      [1, 1],
      [4, 4],
      [1, 1],
      [2, 2],
      [3, 2],
      [2, 2],
      [3, 3],
    ]);
  });

  it('of nodes', () => {
    const running = { task: 'running', isBetween: true } as const;
    expect(nodeState('running', running)).toBe(1);
    expect(nodeState('running', { task: 'paused', isBetween: true })).toBe(4);
    expect(nodeState('running', { task: 'paused', isBetween: false })).toBe(1);
    expect(
      ['pending', 'ok', 'failed', 'timed_out', 'unreachable', 'unknown', 'skipped', 'cancelled'].map((status) =>
        nodeState(status as 'ok', running),
      ),
    ).toEqual([0, 2, 3, 3, 3, 3, 2, 4]);
  });
});

describe("an orion's catalogue", () => {
  it('is read with what is missing as its zero value', () => {
    const read = parseOpendcpCatalogue({
      templates: [{ id: 1, name: 't', steps: [{ name: 's', param_values: null, retry: null }] }],
      other: 1,
    });
    expect(read.templates).toEqual([
      { id: 1, name: 't', desc: '', steps: [{ name: 's', param_values: null, retry: null }] },
    ]);
    expect(read.clusters).toEqual([]);
  });

  it('is refused with the place of what is wrong', () => {
    expect(problems(() => parseOpendcpCatalogue([]))).toEqual([expect.stringContaining('is no catalogue of OpenDCP')]);
    expect(problems(() => parseOpendcpCatalogue({ pools: [{ id: 'x' }] }))).toEqual(
      expect.arrayContaining([expect.stringContaining('pools.0.id')]),
    );
  });
});
