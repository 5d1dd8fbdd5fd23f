import type { Actor } from '../../model/actor.ts';
import type { PoolAction } from '../../model/pool/pool.ts';
import type { Asked } from './recorded.ts';

/** Who a task is said to be started by: whoever is known to ask, else what the request says. */
export function starterOf({ via, name }: Actor, startedBy: string | undefined): string {
  if (via === 'token' || via === 'trusted') return name;
  return startedBy ?? (name === '' ? 'http' : name);
}

/**
 * A task's start as the audit keeps it. Of the parameters only the names: values are the user's, and may be confidential; of
 * nodes how many.
 */
export function startAsked(name: string, submission: Start): Asked {
  const { template, templateName, nodes, pool, do: action, params, rollout } = submission;
  const after = {
    template: templateName ?? nameOf(template),
    pool,
    do: action,
    nodes: countOf(nodes),
    params: params && Object.keys(params),
    rollout,
  };
  return { action: 'task.start', kind: 'task', name, after };
}

interface Start {
  template?: unknown;
  templateName?: string | undefined;
  nodes?: unknown;
  pool?: string | undefined;
  do?: PoolAction | undefined;
  params?: Record<string, string> | undefined;
  rollout?: unknown;
}

/** The name in a template that is not checked yet. */
export function nameOf(template: unknown): string | undefined {
  if (typeof template !== 'object' || template === null || !('name' in template)) return undefined;
  return typeof template.name === 'string' ? template.name : undefined;
}

/** How many nodes there are in what is a list, or a file with a list. */
function countOf(nodes: unknown): number | undefined {
  if (Array.isArray(nodes)) return nodes.length;
  if (typeof nodes !== 'object' || nodes === null || !('nodes' in nodes)) return undefined;
  return Array.isArray(nodes.nodes) ? nodes.nodes.length : undefined;
}
