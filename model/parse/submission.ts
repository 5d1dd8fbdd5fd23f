import * as z from 'zod';
import type { NewTaskInput, NodeParts, TaskOrigin } from '../activities.ts';
import type { Node } from '../node.ts';
import type { PoolAction } from '../pool/pool.ts';
import { isComplete } from '../resolve.ts';
import type { RolloutSpec } from '../rollout.ts';
import type { TemplateSpec } from '../template.ts';
import { parseNodes } from './nodes.ts';
import { Invalid, type Problem, shown } from './problem.ts';
import { parsePoolAction } from './pool-action.ts';
import { parseRollout } from './rollout.ts';
import { NAME, NAME_SHAPE } from './shapes.ts';
import { checkTask, parseParams } from './task.ts';
import { parseTemplate } from './template.ts';
import { validate } from './validate.ts';

/** A submission whose parts are checked each for itself; names of the catalogue are not looked up yet. */
export interface ParsedSubmission {
  name?: string;
  template?: TemplateSpec;
  templateName?: string;
  nodes?: Node[];
  pool?: string;
  do?: PoolAction;
  now?: boolean;
  /** Of nodes of the pool; all of them when not given. */
  names?: string[];
  params: Record<string, string>;
  rollout?: RolloutSpec;
  startedBy?: string;
  origin?: TaskOrigin;
}

/**
 * Checks a submission as far as it goes without the catalogue: all of it when it names nothing of that. With a pool, nodes
 * are the names of some of its nodes. Throws Invalid with every problem.
 */
export function parseSubmission(request: NewTaskInput & { name?: string }): ParsedSubmission {
  const { name, template, templateName, nodes, pool, do: wanted, now, params, rollout, startedBy, origin } = request;
  const parts = new Parts();
  const hasTemplate = template !== undefined || templateName !== undefined;
  parts.check((hasTemplate || wanted !== undefined) && (template === undefined || templateName === undefined), {
    path: 'template',
    message: template === undefined ? 'is missing' : 'stands beside templateName',
    expected: 'exactly one of template and templateName',
  });
  parts.check(wanted === undefined || (pool !== undefined && nodes === undefined), {
    path: 'do',
    message: pool === undefined ? 'names no pool' : 'stands beside nodes',
    expected: 'what to do with the pool; nodes are named within it',
  });
  parts.check(!now || pool !== undefined, {
    path: 'now',
    message: 'stands without a pool',
    expected: 'a pool that may be busy',
  });
  parts.check(nodes !== undefined || pool !== undefined, {
    path: 'nodes',
    message: 'is missing',
    expected: 'nodes, or the pool that they are of',
  });
  parts.check(name === undefined || NAME.test(name), {
    path: 'name',
    message: `is ${shown(name)}`,
    expected: `a name for the task: ${NAME_SHAPE}`,
  });
  const read = {
    template: template === undefined ? undefined : parts.take('template', () => parseTemplate(template)),
    nodes:
      pool !== undefined || nodes === undefined || isInParts(nodes)
        ? undefined
        : parts.take('nodes', () => parseNodes(nodes)),
    names: pool === undefined || nodes === undefined ? undefined : parts.take('nodes', () => parseNames(nodes)),
    wanted: wanted === undefined ? undefined : parts.take('do', () => parsePoolAction(wanted)),
    params: parts.take('', () => parseParams(params ?? {})) ?? {},
    rollout: rollout === undefined ? undefined : parts.take('rollout', () => parseRollout(rollout)),
  };
  parts.throwIfAny();
  const submission: ParsedSubmission = {
    ...(name !== undefined && { name }),
    ...(read.template && { template: read.template }),
    ...(templateName !== undefined && { templateName }),
    ...(read.nodes && { nodes: read.nodes }),
    ...(pool !== undefined && { pool }),
    ...(read.wanted && { do: read.wanted }),
    ...(now && { now }),
    ...(read.names && { names: read.names }),
    params: read.params,
    ...(read.rollout && { rollout: read.rollout }),
    ...(startedBy && { startedBy }),
    ...(origin && { origin }),
  };
  checkIfWhole(submission);
  return submission;
}

const names = z.array(z.string({ error: 'is no name of a node' })).min(1, { error: 'is empty' });

function parseNames(value: unknown): string[] {
  return validate(names, value);
}

/** What needs nothing of the catalogue is checked as a whole, too. */
function checkIfWhole({ name = 'task', template, nodes, pool, params, rollout }: ParsedSubmission): void {
  if (!template || !nodes || pool !== undefined || !isComplete(template)) return;
  checkTask({ name, template, nodes, params, ...(rollout && { rollout }) });
}

export function isInParts(nodes: unknown): nodes is NodeParts {
  return typeof nodes === 'object' && nodes !== null && 'parts' in nodes;
}

/** Gathers the problems of the parts. */
class Parts {
  readonly #problems: Problem[] = [];

  check(isRight: boolean, problem: Problem): void {
    if (!isRight) this.#problems.push(problem);
  }

  take<Value>(part: string, read: () => Value): Value | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      this.#problems.push(...error.problems.map((problem) => ({ ...problem, path: joined(part, problem.path) })));
      return undefined;
    }
  }

  throwIfAny(): void {
    if (this.#problems.length > 0) throw new Invalid(this.#problems);
  }
}

function joined(part: string, path: string): string {
  if (part === '' || path === '') return `${part}${path}`;
  return path.startsWith('[') ? `${part}${path}` : `${part}.${path}`;
}
