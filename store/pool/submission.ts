import type { Node } from '../../model/node.ts';
import type { ParsedSubmission } from '../../model/parse/index.ts';
import type { Template } from '../../model/template.ts';
import { namedTemplate, resolveTemplate } from '../catalogue/named.ts';
import type { Store } from '../store.ts';
import { planPool, type PoolPlan, type PoolReads } from './plan.ts';

/** What a submission's names stand for now. */
export interface Resolved {
  template: Template;
  nodes: Node[];
  /** Of a template of the catalogue. */
  templateId?: number;
  templateVersion?: number;
  /** Of a task over a pool: it may come to something else when the task has its turn. */
  plan?: PoolPlan;
}

/** Throws Invalid with what the catalogue does not have, and with what cannot be done with the pool. */
export async function resolveSubmission(
  store: Pick<Store, 'catalogue' | 'machines'>,
  submission: Pick<ParsedSubmission, 'template' | 'templateName' | 'nodes' | 'pool' | 'do' | 'names'>,
): Promise<Resolved> {
  if (submission.pool !== undefined) {
    const plan = await planPool(readsOf(store), submission);
    return { ...plan, plan };
  }
  const { catalogue } = store;
  const named = submission.template ? undefined : await namedTemplate(catalogue, submission.templateName ?? '');
  const spec = submission.template ?? named?.spec;
  if (!spec) throw new Error('a submission has a template or the name of one');
  return {
    template: await resolveTemplate(catalogue, spec),
    nodes: submission.nodes ?? [],
    ...(named && { templateId: named.id, templateVersion: named.version }),
  };
}

export function readsOf({ catalogue, machines }: Pick<Store, 'catalogue' | 'machines'>): PoolReads {
  return { ...catalogue, unreleased: (poolId) => machines.unreleased(poolId) };
}
