import type { Node } from './node.ts';
import { split } from './placeholder.ts';
import { isSecretReference } from './secret.ts';
import type { Action, Step, Template } from './template.ts';

/** What the placeholders of an action on one node mean. */
export interface Scope {
  node: Node;
  task: { name: string };
  params: Record<string, string>;
}

/** A value cannot be put where the template wants it. `path` leads to the text, within the action. */
export class RenderError extends Error {
  readonly path: string;
  /** The message without the path. */
  readonly what: string;

  constructor(path: string, what: string) {
    super(`${path}: ${what}`);
    this.name = 'RenderError';
    this.path = path;
    this.what = what;
  }
}

/** A task as its placeholders see it. */
export interface ScopeTask {
  name: string;
  template: Pick<Template, 'params'>;
  params: Record<string, string>;
}

/** What holds for a node: the template's defaults, over them the task's parameters, over them the node's own. */
export function scopeOf(task: ScopeTask, node: Node): Scope {
  return {
    node,
    task: { name: task.name },
    params: { ...defaultsOf(task.template.params), ...task.params, ...node.params },
  };
}

/**
 * What holds for an action of a step: under all that holds for the node the action's own defaults, over it the step's own
 * parameters. Throws RenderError when one of those cannot be made.
 */
export function actionScope(
  outer: Scope,
  { params: own }: Pick<Step, 'params'>,
  action: Pick<Action, 'params'>,
): Scope {
  if (!own && !action.params) return outer;
  const bound = Object.entries(own ?? {}).map(([name, text]) => [name, stepValue(name, text, outer)] as const);
  const params: Record<string, string | undefined> = {
    ...defaultsOf(action.params ?? {}),
    ...outer.params,
    ...Object.fromEntries(bound),
  };
  const known = Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...outer, params: Object.fromEntries(known) };
}

/** The value of a step's own parameter; undefined when it takes one that has none. A secret stays a reference, and whole. */
function stepValue(name: string, text: string, outer: Scope): string | undefined {
  const pieces = split(text).map((piece) => (piece.kind === 'text' ? piece.text : valueOf(piece.name, outer)));
  if (pieces.some((piece) => piece === undefined)) return undefined;
  if (pieces.length > 1 && pieces.some((piece) => piece !== undefined && isSecretReference(piece)))
    throw new RenderError(`params.${name}`, `a secret cannot be a part of a value; let it be the whole: "secret:NAME"`);
  return pieces.join('');
}

export function defaultsOf(params: Template['params']): Record<string, string> {
  const defaults: Record<string, string> = {};
  for (const [name, spec] of Object.entries(params)) {
    if (spec.default !== undefined) defaults[name] = spec.default;
  }
  return defaults;
}

/** The value of `{{name}}`; undefined when there is none. */
export function valueOf(name: string, scope: Scope): string | undefined {
  if (name === 'task.name') return scope.task.name;
  if (name.startsWith('node.')) return nodeValue(name.slice('node.'.length), scope.node);
  return own(scope.params, name);
}

function nodeValue(field: string, node: Node): string | undefined {
  if (field.startsWith('labels.')) return own(node.labels, field.slice('labels.'.length));
  switch (field) {
    case 'name':
      return node.name;
    case 'address':
      return node.address;
    case 'port':
      return node.port?.toString();
    case 'user':
      return node.user;
    default:
      return undefined;
  }
}

/** Not what every object has: `{{constructor}}` is no parameter. */
function own(record: Record<string, string> | undefined, key: string): string | undefined {
  return record && Object.hasOwn(record, key) ? record[key] : undefined;
}
