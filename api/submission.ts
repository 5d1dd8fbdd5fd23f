import { newName } from '../client/name.ts';
import { checkTask, Invalid, parseSubmission } from '../model/parse/index.ts';
import type { TaskSpec } from '../model/task.ts';
import { resolveSubmission } from '../store/pool/submission.ts';
import type { Store } from '../store/store.ts';
import type { Submission } from './parts.ts';

/** zod's optional keys may hold undefined; the client library's may not. */
export function submissionIn(body: { [Key in keyof Submission]: unknown }): Submission {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

/** A submission as the task that it would be now, with what the catalogue has for its names, checked whole. Throws Invalid. */
export async function completed(
  store: Pick<Store, 'catalogue' | 'machines'>,
  submission: Submission,
): Promise<TaskSpec> {
  const { name, params, rollout, startedBy, ...named } = parseSubmission(submission);
  if (!named.nodes && named.pool === undefined)
    throw new Invalid([{ path: 'nodes', message: 'are in parts', expected: 'all of them' }]);
  const { template, nodes } = await resolveSubmission(store, named);
  const spec: TaskSpec = {
    ...{ name: name ?? newName(template.name), template, nodes, params },
    ...(named.pool !== undefined && { pool: named.pool }),
    ...(rollout && { rollout }),
    ...(startedBy !== undefined && { startedBy }),
  };
  checkTask(spec);
  return spec;
}

/** Whether a submission takes anything from the catalogue: its template, the actions of a step, its nodes. */
export function namesCatalogue({ template, templateName, pool }: Submission): boolean {
  return (
    templateName !== undefined ||
    pool !== undefined ||
    stepsOf(template).some((step) => isObject(step) && 'use' in step)
  );
}

/** Of a template that is not checked yet. */
function stepsOf(template: unknown): unknown[] {
  return isObject(template) && 'steps' in template && Array.isArray(template.steps) ? template.steps : [];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
