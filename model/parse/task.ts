import { DEFAULT_ROLLOUT, mergeRollout } from '../rollout.ts';
import type { TaskSpec } from '../task.ts';
import { groupActionOf } from '../template.ts';
import { suggestion } from './nearest.ts';
import { placeholderProblems } from './placeholders.ts';
import { Invalid, type Problem, shown } from './problem.ts';
import { given, mapOf, NAME, NAME_SHAPE, object } from './shapes.ts';
import { validate, withoutUndefined } from './validate.ts';

/**
 * Checks what only the whole of a task shows: every parameter of every node, names, the rollout against the nodes.
 * Its parts have been parsed. Throws Invalid with every problem.
 */
export function checkTask(spec: TaskSpec): void {
  const problems = [
    ...nameProblems(spec),
    ...groupProblems(spec),
    ...paramProblems(spec),
    ...rolloutProblems(spec),
    ...placeholderProblems(spec),
  ];
  if (problems.length > 0) throw new Invalid(problems);
}

/** Checks a task's parameters: numbers, true and false are taken for text. Throws Invalid. */
export function parseParams(value: unknown): Record<string, string> {
  return validate(params, { params: withoutUndefined(value ?? {}) }).params;
}

const params = object({ params: mapOf(given) });

function nameProblems({ name, nodes, pool }: TaskSpec): Problem[] {
  const problems: Problem[] = [];
  if (!NAME.test(name))
    problems.push({ path: 'name', message: `is ${shown(name)}`, expected: `a name for the task: ${NAME_SHAPE}` });
  if (nodes.length === 0 && pool === undefined)
    problems.push({ path: 'nodes', message: 'is empty', expected: 'one node at least' });
  return problems;
}

function groupProblems({ template, pool }: TaskSpec): Problem[] {
  if (pool !== undefined) return [];
  return template.steps.filter(groupActionOf).map((step) => ({
    path: `template ${template.name}, step ${step.name}`,
    message: 'acts on the machines of a pool through its provider, and there is none here',
    expected: 'steps that run on nodes, or a pool',
  }));
}

function paramProblems({ template, params: given }: TaskSpec): Problem[] {
  const known = Object.keys(template.params);
  return Object.keys(given)
    .filter((name) => !Object.hasOwn(template.params, name))
    .map((name) => ({
      path: `params.${name}`,
      message: `template ${template.name} has no such parameter`,
      expected: suggestion(name, known),
    }));
}

function rolloutProblems({ template, rollout, nodes }: TaskSpec): Problem[] {
  const { canary } = mergeRollout(DEFAULT_ROLLOUT, template.rollout, rollout);
  if (canary <= nodes.length || nodes.length === 0) return [];
  const message = `is ${canary}, but the task has ${nodes.length === 1 ? '1 node' : `${nodes.length} nodes`}`;
  return [{ path: 'rollout.canary', message, expected: `at most ${nodes.length}` }];
}
