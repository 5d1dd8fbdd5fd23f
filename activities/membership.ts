import type { Actor } from '../model/actor.ts';
import type { Store } from '../store/store.ts';
import type { TaskRow } from '../store/tasks.ts';

/** Nodes of an expansion enter the pool when they are ok, those of a shrink leave it when they are. May be repeated. */
export async function settleMembership(store: Store, taskId: string): Promise<void> {
  const task = await store.tasks.byId(taskId);
  if (task?.kind === 'expand') await enter(store, task);
  if (task?.kind === 'shrink') await leave(store, task);
}

async function enter(store: Store, task: TaskRow): Promise<void> {
  const poolId = task.poolId ?? 0;
  const fresh = await store.machines.toJoin(task.id, poolId);
  if (fresh.length > 0)
    await store.catalogue.change(actorOf(task), async (edit) => {
      const present = new Set((await edit.nodes.all(poolId)).map(({ name }) => name));
      const nodeType = task.schedule === null ? 'manual' : 'crontab';
      const nodes = fresh.filter(({ node }) => !present.has(node.name));
      await edit.nodes.add(
        poolId,
        nodes.map(({ node, providerId }) => ({ node, vmId: providerId, nodeType, status: 2 })),
      );
    });
  await store.machines.joined(task.id, poolId);
}

async function leave(store: Store, task: TaskRow): Promise<void> {
  const poolId = task.poolId ?? 0;
  const gone = new Set(await store.machines.okNames(task.id));
  if (gone.size === 0) return;
  const isLeft = ({ name }: { name: string }) => gone.has(name);
  if (!(await store.catalogue.nodes.all(poolId)).some(isLeft)) return;
  await store.catalogue.change(actorOf(task), async (edit) => {
    const rows = (await edit.nodes.all(poolId)).filter(isLeft);
    if (rows.length > 0) await edit.nodes.remove(rows.map(({ id }) => id));
  });
}

/** Nodes whose machines were given back after their shrink had ended leave the pool, too. */
export async function dropReturned(store: Store, task: TaskRow, providerIds: readonly string[]): Promise<void> {
  const poolId = task.poolId ?? 0;
  const isOf = ({ vmId }: { vmId: string }) => providerIds.includes(vmId);
  if (!(await store.catalogue.nodes.all(poolId)).some(isOf)) return;
  await store.catalogue.change(actorOf(task), async (edit) => {
    // Without a machine: a spare may have been taken again meanwhile.
    const rows = (await edit.nodes.added(poolId)).filter(isOf);
    if (rows.length > 0) await edit.nodes.remove(rows.map(({ id }) => id));
  });
}

/** Who started the task is who changes the pool. */
function actorOf({ startedBy }: TaskRow): Actor {
  return { name: startedBy, role: 'operator', via: 'local', from: null };
}
