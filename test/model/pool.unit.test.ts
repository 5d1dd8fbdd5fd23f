import { describe, expect, it } from 'vitest';
import { chooseNodes } from '../../model/pool/choose.ts';
import { fitProblems, withDependencies } from '../../model/pool/fit.ts';
import { growthOf } from '../../model/pool/pool.ts';
import type { ProviderSpec } from '../../model/pool/provider.ts';
import { parseTemplate } from '../../model/parse/index.ts';
import { isSameSet } from '../../model/pool/provider.ts';
import { resolveSteps } from '../../model/resolve.ts';

const template = (...steps: unknown[]) => resolveSteps(parseTemplate({ name: 'web', steps }), () => undefined);
const shell = (name: string) => ({ name, actions: [{ shell: 'true' }] });

const SSH: ProviderSpec = { ssh: { spares: [{ name: 's1', address: '192.0.2.1' }] } };
const EVERAI: ProviderSpec = { everai: { endpoint: 'https://api.example.net', app: 'web', token: 'secret:T' } };
const SUANLI: ProviderSpec = { suanli: { endpoint: 'https://api.example.net', taskId: 1, token: 'secret:T' } };

function problems(
  ...[kind, made, provider]: [Parameters<typeof fitProblems>[0], ReturnType<typeof template>, ProviderSpec | null]
) {
  return fitProblems(kind, made, { name: 'web', provider }).map(({ path, message }) => `${path}: ${message}`);
}

describe('a template for a pool', () => {
  it('creates machines first, in an expansion, and nowhere else', () => {
    expect(problems('expand', template({ use: 'create_vm' }, shell('a')), SSH)).toEqual([]);
    expect(problems('expand', template(shell('a'), { use: 'create_vm' }), SSH)).toEqual([
      'template web: its first step is not create_vm: a, create_vm',
      'template web: it has create_vm in another place: a, create_vm',
    ]);
    expect(problems('deploy', template({ use: 'create_vm' }), SSH)).toHaveLength(1);
  });

  it('gives machines back last, in a shrink, and nowhere else', () => {
    expect(problems('shrink', template(shell('a'), { use: 'return_vm' }), SSH)).toEqual([]);
    expect(problems('shrink', template({ use: 'return_vm' }, shell('a')), SSH)).toEqual([
      'template web: its last step is not return_vm: return_vm, a',
      'template web: it has return_vm in another place: return_vm, a',
    ]);
    expect(problems('run', template({ use: 'return_vm' }), SSH)).toHaveLength(1);
    expect(problems('release', template({ use: 'return_vm' }), SSH)).toEqual([]);
  });

  it('has no group step that the provider does not have', () => {
    expect(problems('deploy', template({ use: 'register' }), SSH)).toEqual([
      'template web, step register: provider ssh of pool web cannot register',
    ]);
    expect(problems('deploy', template({ use: 'restart' }), null)).toEqual([
      'template web, step restart: pool web has no provider to restart with',
    ]);
    expect(problems('deploy', template({ use: 'drain' }, { use: 'undrain' }), null)).toEqual([]);
    expect(problems('deploy', template({ use: 'drain' }), SUANLI)).toHaveLength(1);
  });

  it('logs in to nothing of which no address is known', () => {
    const check = { name: 'healthy', actions: [{ check: { http: 'http://lb.example.net/health' } }] };
    const fits = template({ use: 'create_vm' }, { use: 'await_vm' }, check, {
      name: 'pause',
      actions: [{ wait: '1s' }],
    });
    expect(problems('expand', fits, EVERAI)).toEqual([]);
    const onNode = { name: 'inside', actions: [{ check: { shell: 'true' } }] };
    expect(problems('expand', template({ use: 'create_vm' }, shell('install'), onNode), EVERAI)).toEqual([
      'template web, step install: runs on nodes over SSH, and of the machines of pool web no address is known (provider everai)',
      'template web, step inside: runs on nodes over SSH, and of the machines of pool web no address is known (provider everai)',
    ]);
  });
});

describe('pools that a pool depends on', () => {
  const cache = { pool: 'cache', ratio: 0.5, extra: 1, before: 'start' };

  it('grow by a step before the one that needs them', () => {
    const made = withDependencies(template({ use: 'create_vm' }, shell('start')), 'web', [cache], (one) =>
      growthOf(one, 5),
    );
    expect(made.problems).toEqual([]);
    expect(made.template.steps.map(({ name }) => name)).toEqual(['create_vm', 'grow cache', 'start']);
    expect(made.template.steps[1]?.actions).toEqual([{ grow_pool: { pool: 'cache', by: '4' } }]);
  });

  it('are a problem when there is no such step', () => {
    const { problems: found } = withDependencies(template({ use: 'create_vm' }), 'web', [cache], () => 1);
    expect(found[0]?.message).toBe('has no step start, before which pool cache is to grow (dependsOn of pool web)');
  });

  it.each([
    [0.5, 1, 5, 4],
    [0.1, 0, 30, 3],
    [1 / 3, 0, 3, 1],
    [2, 0, 1, 2],
    [0, 2, 7, 2],
  ])('ratio %d and %d more for %d are %d', (ratio, extra, by, growth) => {
    expect(growthOf({ ratio, extra }, by)).toBe(growth);
  });
});

describe('the nodes that go first', () => {
  const node = (name: string, hour: number, nodeType = 'manual') => ({
    name,
    joinedAt: new Date(2026, 0, 1, hour),
    nodeType,
  });
  const nodes = [node('web-1', 1), node('web-2', 2, 'crontab'), node('web-10', 3), node('web-9', 3), node('web-3', 4)];
  const names = (count: number, choice: 'newest' | 'oldest' | 'scheduled') =>
    chooseNodes(nodes, count, choice).map(({ name }) => name);

  it('are the newest, the oldest, or those that a schedule made', () => {
    expect(names(3, 'newest')).toEqual(['web-3', 'web-10', 'web-9']);
    expect(names(2, 'oldest')).toEqual(['web-1', 'web-2']);
    expect(names(2, 'scheduled')).toEqual(['web-2', 'web-3']);
    expect(names(9, 'newest')).toHaveLength(5);
  });
});

describe('two providers', () => {
  const spares = (...list: [string, string][]): ProviderSpec => ({
    ssh: { spares: list.map(([name, address]) => ({ name, address })) },
  });

  it('have machines in common when they are of one account, or list the same spare', () => {
    expect(isSameSet(EVERAI, EVERAI)).toBe(true);
    expect(isSameSet(EVERAI, SUANLI)).toBe(false);
    expect(isSameSet(spares(['a', '192.0.2.1'], ['b', '192.0.2.2']), spares(['b', '192.0.2.2']))).toBe(true);
    expect(isSameSet(spares(['a', '192.0.2.1']), spares(['a', '192.0.2.9']))).toBe(false);
    expect(isSameSet(SSH, null)).toBe(false);
  });
});
