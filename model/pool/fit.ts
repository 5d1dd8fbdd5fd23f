import type { Problem } from '../parse/problem.ts';
import { literally } from '../placeholder.ts';
import { groupKind, type GroupKind } from './group-actions.ts';
import type { Dependency } from './pool.ts';
import { providerName, traitsOf, type ProviderSpec } from './provider.ts';
import { groupActionOf, needsSsh, type Step, type Template } from '../template.ts';
import type { TaskKind } from '../task.ts';

/** A pool as far as it says which templates fit it. */
export interface FitPool {
  name: string;
  provider: ProviderSpec | null;
}

/** What is wrong with a template for what is to be done with the pool; `kind` as the task's. */
export function fitProblems(kind: TaskKind, template: Template, pool: FitPool): Problem[] {
  return [...orderProblems(kind, template), ...actProblems(template, pool), ...sshProblems(kind, template, pool)];
}

/** Where machines are made and given back: OpenDCP's rules, and that it happens once. */
function orderProblems(kind: TaskKind, { name, steps }: Template): Problem[] {
  const kinds = steps.map(kindOfStep);
  const said = steps.map((step) => step.name).join(', ');
  const problems: Problem[] = [];
  const refuse = (message: string, expected: string) =>
    problems.push({ path: `template ${name}`, message: `${message}: ${said}`, expected });
  if (kind === 'expand' && kinds[0] !== 'create_vm')
    refuse('its first step is not create_vm', 'create_vm first in an expansion');
  if (kind === 'shrink' && kinds.at(-1) !== 'return_vm')
    refuse('its last step is not return_vm', 'return_vm last in a shrink');
  if (kinds.some((one, i) => one === 'create_vm' && (kind !== 'expand' || i > 0)))
    refuse('it has create_vm in another place', 'create_vm as the first step of an expansion only');
  if (kinds.some((one, i) => one === 'return_vm' && kind !== 'release' && (kind !== 'shrink' || i < kinds.length - 1)))
    refuse('it has return_vm in another place', 'return_vm as the last step of a shrink only');
  return problems;
}

function kindOfStep(step: Step): GroupKind | undefined {
  const action = groupActionOf(step);
  return action && groupKind(action);
}

/** Group actions that nobody can carry out here. */
function actProblems({ name, steps }: Template, pool: FitPool): Problem[] {
  const allowed = allowedActions(pool);
  return steps.flatMap((step) => {
    const kind = kindOfStep(step);
    if (!kind || allowed.includes(kind)) return [];
    const who = pool.provider ? `provider ${providerName(pool.provider)} of pool ${pool.name}` : `pool ${pool.name}`;
    const message = pool.provider ? `${who} cannot ${kind}` : `${who} has no provider to ${kind} with`;
    return [{ path: `template ${name}, step ${step.name}`, message, expected: `one of ${allowed.join(', ')}` }];
  });
}

/** The group actions that templates of the pool may have. `drain` and `undrain` are marks of Drover's own on any node. */
function allowedActions({ provider }: FitPool): GroupKind[] {
  if (!provider) return ['drain', 'undrain'];
  const { knows, acts } = traitsOf(provider);
  const marks: GroupKind[] = knows === 'count' ? [] : ['drain', 'undrain'];
  return [...new Set<GroupKind>(['create_vm', 'return_vm', 'grow_pool', ...marks, ...acts])];
}

/** Steps that log in to machines of which no address is known. */
function sshProblems(kind: TaskKind, { name, steps }: Template, { name: pool, provider }: FitPool): Problem[] {
  if (!provider || kind === 'run' || traitsOf(provider).knows === 'machines') return [];
  return steps.filter(needsSsh).map((step) => ({
    path: `template ${name}, step ${step.name}`,
    message: `runs on nodes over SSH, and of the machines of pool ${pool} no address is known (provider ${providerName(provider)})`,
    expected: 'checks from the worker, await_vm and the like',
  }));
}

/** The steps of an expansion with those that grow the pools it depends on. Throws nothing: what fits nowhere is a problem. */
export function withDependencies(
  template: Template,
  pool: string,
  dependencies: readonly Dependency[],
  growth: (dependency: Dependency) => number,
): { template: Template; problems: Problem[] } {
  const problems: Problem[] = [];
  const steps = [...template.steps];
  for (const dependency of dependencies) {
    const at = steps.findIndex((step) => step.name === dependency.before || step.use === dependency.before);
    if (at === -1)
      problems.push({
        path: `template ${template.name}`,
        message: `has no step ${dependency.before}, before which pool ${dependency.pool} is to grow (dependsOn of pool ${pool})`,
        expected: template.steps.map(({ name }) => name).join(', '),
      });
    else steps.splice(at, 0, growStep(dependency.pool, growth(dependency)));
  }
  return { template: { ...template, steps }, problems };
}

function growStep(pool: string, by: number): Step {
  return {
    name: `grow ${pool}`.slice(0, 100),
    actions: [{ grow_pool: { pool: literally(pool), by: String(by) } }],
    timeout: WEEK,
    retry: { times: 0, delay: 0 },
    onError: 'fail',
  };
}

/** The other pool may have a long queue. */
const WEEK = 7 * 24 * 3_600_000;
