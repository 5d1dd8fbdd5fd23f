import { isGroupStep, traitsOfGroup, type GroupAction, type GroupKind } from './pool/group-actions.ts';
import { milliseconds } from './duration.ts';
import { Invalid, type Problem } from './parse/problem.ts';
import type { Action, ActionBody, ParamSpec, Step, Template, TemplateSpec, UseStep } from './template.ts';

/** A step as the catalogue has it. */
export interface FoundStep {
  actions: FoundAction[];
}

/** `body` undefined: the catalogue has no such action. `problem`: it has one that cannot be run, and why. */
export interface FoundAction {
  name: string;
  params?: Record<string, ParamSpec>;
  body: ActionBody | { problem: string } | undefined;
}

/** Whether every step says itself what to do. */
export function isComplete(spec: TemplateSpec): spec is Template {
  return spec.steps.every((step) => 'actions' in step);
}

/** The names of the catalogue's steps that a template takes, each once. */
export function stepsUsed(spec: TemplateSpec): string[] {
  return [...new Set(spec.steps.flatMap((step) => ('actions' in step ? [] : [step.use])))];
}

/**
 * The template with the actions of the catalogue's steps in place of their names. Steps of one name are numbered from the
 * second on: in a task each step has a name of its own. Throws Invalid with every step, action and implementation that is
 * missing.
 */
export function resolveSteps(spec: TemplateSpec, find: (step: string) => FoundStep | undefined): Template {
  const problems: Problem[] = [];
  const names = new Map<string, number>();
  const steps = spec.steps.map((step, index): Step => {
    const name = distinct(step.name, names);
    if ('actions' in step) return { ...step, name };
    const path = `steps[${index}]`;
    if (isGroupStep(step.use)) return { ...step, name, actions: [groupActionOf(step.use, step, path, problems)] };
    return { ...step, name, actions: actionsOf(step, path, find(step.use), problems) };
  });
  if (steps.length === 0) problems.push({ path: 'steps', message: 'is empty', expected: 'one step at least' });
  if (problems.length > 0)
    throw new Invalid(problems.map((problem) => ({ ...problem, path: `template ${spec.name}, ${problem.path}` })));
  return { ...spec, steps };
}

function distinct(name: string, seen: Map<string, number>): string {
  const count = (seen.get(name) ?? 0) + 1;
  seen.set(name, count);
  return count === 1 ? name : distinct(`${name}-${count}`, seen);
}

/** A group action by name takes its options from the step's own parameters. */
function groupActionOf(kind: GroupKind, { params = {} }: UseStep, path: string, problems: Problem[]): GroupAction {
  const { options, required = [], internal } = traitsOfGroup(kind);
  if (internal) problems.push({ path, message: `${kind} is no step for templates`, expected: 'dependsOn of the pool' });
  const known = Object.keys(options);
  const given = Object.entries(params).map(([name, text]) => {
    const value = options[name] === 'duration' ? milliseconds(text) : text;
    if (!known.includes(name) || value === undefined)
      problems.push({
        path: `${path}.params.${name}`,
        message: known.includes(name) ? `is ${text}` : `${kind} has no such option`,
        expected: known.includes(name) ? 'a duration as 30s' : known.join(', ') || 'none',
      });
    return [name, value ?? 0] as const;
  });
  for (const name of required.filter((one) => !Object.hasOwn(params, one)))
    problems.push({ path: `${path}.params.${name}`, message: 'is missing', expected: `what ${kind} needs` });
  return Object.fromEntries([[kind, Object.fromEntries(given)]]) as GroupAction;
}

function actionsOf({ use }: UseStep, path: string, found: FoundStep | undefined, problems: Problem[]): Action[] {
  const refuse = (message: string, expected: string): [] => {
    problems.push({ path, message, expected });
    return [];
  };
  if (!found) return refuse(`there is no step ${use} in the catalogue`, 'the name of a step of the catalogue');
  if (found.actions.length === 0) return refuse(`step ${use} has no actions`, 'a step of one action at least');
  return found.actions.flatMap(({ name, params, body }): Action[] => {
    if (!body) return refuse(`step ${use} names the action ${name}, which has no implementation`, 'one that has');
    if ('problem' in body) return refuse(`action ${name} of step ${use} cannot be run: ${body.problem}`, 'another');
    return [params && Object.keys(params).length > 0 ? { ...body, params } : body];
  });
}
