import { isReplaced } from '../commands/script.ts';
import type { Node } from '../node.ts';
import { type Placeholder, placeholders } from '../placeholder.ts';
import { actionScope, render, RenderError, type Scope, scopeOf } from '../render.ts';
import { defaultsOf, valueOf } from '../scope.ts';
import { isSecretReference } from '../secret.ts';
import type { TaskSpec } from '../task.ts';
import { type Action, kindOf, type Step } from '../template.ts';
import { nearest } from './nearest.ts';
import type { Problem } from './problem.ts';

/** An action of the template with the placeholders in it. */
interface Site {
  /** As `template web, step start_service, action docker_run`. */
  path: string;
  step: Step;
  action: Action;
  uses: Placeholder[];
}

/** What is wrong with the placeholders of a task: values that are missing or cannot stand where they are to. */
export function placeholderProblems(spec: TaskSpec): Problem[] {
  const sites = sitesOf(spec);
  const missing = missingValues(spec, sites);
  return [
    ...missing.problems,
    ...unusedRequired(spec, missing.names),
    ...sites.flatMap((site) => siteProblems(spec, site)),
  ];
}

function sitesOf({ template }: TaskSpec): Site[] {
  return template.steps.flatMap((step) => {
    const labels = step.actions.map(labelOf);
    return step.actions.map((action, i) => {
      const label = labels[i] ?? '';
      const twins = labels.filter((other) => other === label).length;
      const number = twins > 1 ? ` ${labels.slice(0, i + 1).filter((other) => other === label).length}` : '';
      return {
        path: `template ${template.name}, step ${step.name}, action ${label}${number}`,
        step,
        action,
        uses: usesOf(action),
      };
    });
  });
}

function labelOf(action: Action): string {
  return 'docker' in action ? `docker_${Object.keys(action.docker).join('')}` : kindOf(action);
}

function usesOf(action: Action): Placeholder[] {
  if ('script' in action && !isReplaced(action.script.content)) return usesIn({ ...action.script, content: '' });
  if ('copy' in action) return usesIn({ ...action.copy, base64: '', file: {} });
  return usesIn(action);
}

function usesIn(value: unknown): Placeholder[] {
  if (typeof value === 'string') return placeholders(value);
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(usesIn) : [];
}

/** Each name once, where it is used first. */
function missingValues(spec: TaskSpec, sites: Site[]): { problems: Problem[]; names: Set<string> } {
  const shared = { ...defaultsOf(spec.template.params), ...spec.params };
  const names = new Set<string>();
  const problems: Problem[] = [];
  for (const { path, name, source, site } of lookups(spec, sites)) {
    if (names.has(name) || Object.hasOwn(shared, name)) continue;
    names.add(name);
    const without = spec.nodes.filter(
      (node) => valueOf(name, { node, task: spec, params: node.params ?? {} }) === undefined,
    );
    if (without.length === 0) continue;
    const expected = wayOut(name, spec, site);
    problems.push({ path, message: `${source} has no value${among(without, spec)}`, expected });
  }
  return { problems, names };
}

/** Where a value is wanted of the task or the node: in an action, or in the step's own parameters that stand before those. */
function lookups({ template }: TaskSpec, sites: Site[]) {
  const inParams = template.steps.flatMap((step) =>
    Object.entries(step.params ?? {}).flatMap(([param, text]) => {
      const path = `template ${template.name}, step ${step.name}, params.${param}`;
      return placeholders(text).map(({ name, source }) => ({ path, name, source, site: undefined }));
    }),
  );
  const inActions = sites.flatMap((site) =>
    site.uses
      .filter(({ name }) => !Object.hasOwn(site.step.params ?? {}, name))
      .filter(({ name }) => site.action.params?.[name]?.default === undefined)
      .map(({ name, source }) => ({ path: site.path, name, source, site })),
  );
  return [...inParams, ...inActions];
}

function wayOut(name: string, { template }: TaskSpec, site: Site | undefined): string {
  if (name.startsWith('node.labels.')) return 'every node to have the label';
  if (name.startsWith('node.') || name.startsWith('task.')) {
    return 'node.name, node.address, node.port, node.user (the latter two when the nodes have them), node.labels.NAME or task.name';
  }
  if (Object.hasOwn(template.params, name)) return `a value for ${name} from the task, the node or as a default`;
  if (site?.step.use !== undefined) return `a value under the step's params, or ${name} declared under the template's`;
  const near = nearest(name, Object.keys(template.params));
  const text = `\\{{${name}}} for the text itself`;
  return near === undefined ? `${name} to be declared under params, or ${text}` : `"${near}"? Or ${text}`;
}

/** Required parameters without a value that no placeholder has told of already. */
function unusedRequired({ template, params, nodes }: TaskSpec, told: Set<string>): Problem[] {
  return Object.entries(template.params)
    .filter(
      ([name, param]) =>
        param.required && param.default === undefined && !Object.hasOwn(params, name) && !told.has(name),
    )
    .map(([name]) => ({ name, without: nodes.filter(({ params: own = {} }) => !Object.hasOwn(own, name)) }))
    .filter(({ without }) => without.length > 0)
    .map(({ name, without }) => ({
      path: `params.${name}`,
      message: `is missing${among(without, { nodes })}`,
      expected: `a value: template ${template.name} requires it`,
    }));
}

function siteProblems(spec: TaskSpec, site: Site): Problem[] {
  return [...rawProblems(spec, site), ...renderProblems(spec, site)];
}

function rawProblems({ template }: TaskSpec, { path, action, uses }: Site): Problem[] {
  const declared = { ...template.params, ...action.params };
  const wrong = uses.filter(({ kind, name }) => kind === 'raw' && declared[name]?.raw !== true);
  return [...new Map(wrong.map((use) => [use.name, use])).values()].map(({ name, source }) => ({
    path,
    message: `${source} would be put in without quotes, and the parameter is not declared raw`,
    expected: `{{${name}}}, or raw: true under params.${name}`,
  }));
}

/** Renders the action for every node whose own values could make a difference. */
function renderProblems(spec: TaskSpec, site: Site): Problem[] {
  const failed = new Map<string, Node[]>();
  for (const alike of nodesAlike(spec, site)) {
    const what = refusal(spec, site, alike);
    if (what === undefined) continue;
    const nodes = failed.get(what);
    if (nodes) nodes.push(...alike);
    else failed.set(what, [...alike]);
  }
  return [...failed].map(([what, nodes]) => ({ path: site.path, message: `${what}${among(nodes, spec)}` }));
}

function refusal(spec: TaskSpec, { step, action }: Site, [node]: Node[]): string | undefined {
  if (!node) return undefined;
  try {
    render(action, actionScope(scopeOf(spec, node), step, action));
    return undefined;
  } catch (error) {
    if (error instanceof RenderError) return error.message;
    throw error;
  }
}

/** The nodes that have all values, in groups for which the action comes out alike but for plain values in quotes. */
function nodesAlike(spec: TaskSpec, site: Site): Node[][] {
  const { action, uses } = site;
  const own = new Map(
    uses.map(({ name, kind }) => [name, kind === 'raw' || !('shell' in action || 'script' in action)]),
  );
  const scope = scopes(spec, site);
  const groups = new Map<string, Node[]>();
  for (const node of spec.nodes) {
    const traits = traitsOf(own, () => scope(node));
    if (traits.includes('missing')) continue;
    const key = JSON.stringify(traits);
    const alike = groups.get(key);
    if (alike) alike.push(node);
    else groups.set(key, [node]);
  }
  return [...groups.values()];
}

/** What the action sees on a node. Nodes without parameters of their own share one set, so that thousands are quick. */
function scopes(spec: TaskSpec, { step, action }: Site): (node: Node) => Scope {
  const ofNode = Object.values(step.params ?? {}).some((text) =>
    placeholders(text).some(({ name }) => name.includes('.')),
  );
  const make = (node: Node) => actionScope(scopeOf(spec, node), step, action);
  let shared: Scope | undefined;
  return (node) => (node.params || ofNode ? make(node) : { ...(shared ??= make(node)), node });
}

function traitsOf(uses: Map<string, boolean>, scope: () => Scope): string[] {
  try {
    const seen = scope();
    return [...uses].map(([name, literally]) => {
      const value = valueOf(name, seen);
      return value === undefined ? 'missing' : literally ? `=${value}` : traitOf(value);
    });
  } catch (error) {
    if (error instanceof RenderError) return [`refused ${error.message}`];
    throw error;
  }
}

/** What of a value matters where it is quoted. */
function traitOf(value: string): string {
  if (isSecretReference(value)) return value;
  return value.includes('\0') ? 'NUL' : 'plain';
}

/** Nothing when it is so for all nodes. */
function among(some: readonly Node[], { nodes }: Pick<TaskSpec, 'nodes'>): string {
  if (some.length === nodes.length) return '';
  const named = some.slice(0, 3).map(({ name }) => name);
  return ` for ${named.join(', ')}${some.length > 3 ? ` and ${some.length - 3} more` : ''}`;
}
