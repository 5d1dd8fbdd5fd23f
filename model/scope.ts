import type { Node } from './node.ts';
import type { Template } from './template.ts';

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

/** What holds for a node: the template's defaults, over them the task's parameters, over them the node's own. */
export function scopeOf(
  task: { name: string; template: Pick<Template, 'params'>; params: Record<string, string> },
  node: Node,
): Scope {
  return {
    node,
    task: { name: task.name },
    params: { ...defaultsOf(task.template), ...task.params, ...node.params },
  };
}

export function defaultsOf(template: Pick<Template, 'params'>): Record<string, string> {
  const defaults: Record<string, string> = {};
  for (const [name, spec] of Object.entries(template.params)) {
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
