import type { Node } from '../../model/node.ts';
import { nodeName } from '../../model/pool/names.ts';
import { groupKind } from '../../model/pool/group-actions.ts';
import { groupActionOf, type Template } from '../../model/template.ts';
import type { Store } from '../store.ts';
import type { TaskRow } from '../tasks.ts';
import { mostAtOnce, planPool, type PoolPlan } from './plan.ts';
import { readsOf } from './submission.ts';

type Drawing = Pick<Store, 'catalogue' | 'machines' | 'tasks'>;

/** Nodes that a task of the pool may have in flight, where the pool limits that, now. Throws Invalid. */
export async function mostOf(
  { catalogue }: Pick<Store, 'catalogue'>,
  { kind, poolId }: TaskRow,
): Promise<number | undefined> {
  const pool = await catalogue.pools.get(poolId ?? 0);
  return pool && mostAtOnce(kind, pool, (await catalogue.nodes.all(pool.id)).length);
}

/**
 * Gives a task of a pool its nodes, as the pool is now that the task has its turn. How many may be in flight, when the pool
 * limits that. Throws Invalid when it can no longer be done.
 */
export async function drawn(store: Drawing, task: TaskRow, runId: string): Promise<number | undefined> {
  const plan = await planPool(readsOf(store), askedBy(task));
  const nodes = plan.growth > 0 ? await named(store, plan) : plan.nodes;
  const { kind, template, templateId, templateVersion, most } = plan;
  const canary = Math.min(task.rollout.canary, nodes.length);
  await store.tasks.draw(task.id, {
    ...{ kind, template, nodes, runId, rollout: { ...task.rollout, canary } },
    templateId: templateId ?? task.templateId,
    templateVersion: templateVersion ?? task.templateVersion,
  });
  return most;
}

/** The task keeps the template that it was submitted with, unless it only turns out now what it does. */
function askedBy({ pool, action, template }: TaskRow): Parameters<typeof planPool>[1] {
  const isOpen = action !== null && 'scale' in action;
  const names = action !== null && 'run' in action ? action.run.nodes : undefined;
  return {
    pool: pool ?? '',
    ...(action && !('run' in action) && { do: action }),
    ...(names && { names }),
    ...(!isOpen && { template: withoutGrowth(template) }),
  };
}

function withoutGrowth(template: Template): Template {
  const steps = template.steps.filter((step) => groupKind(groupActionOf(step) ?? {}) !== 'grow_pool');
  return { ...template, steps };
}

/** New nodes have no address until their machines have. */
async function named({ catalogue, machines }: Drawing, { pool, nodes }: PoolPlan): Promise<Node[]> {
  const taken = new Set((await catalogue.nodes.all(pool.id)).map(({ name }) => name));
  const names: string[] = [];
  while (names.length < nodes.length) {
    const missing = nodes.length - names.length;
    const last = await machines.count(pool.id, missing);
    for (let number = last - missing + 1; number <= last; number++) names.push(nodeName(pool.name, number));
    names.splice(0, names.length, ...names.filter((name) => !taken.has(name)));
  }
  return names.map((name) => ({ ...pool.ssh, name, address: '' }));
}
