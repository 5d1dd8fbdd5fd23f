import pLimit from 'p-limit';
import type { TaskStatus } from '../../model/status.ts';
import type { PoolRow } from '../../store/catalogue/types.ts';
import type { ListedTask } from '../../store/tasks.ts';
import type { Parts } from '../parts.ts';
import { queueNow } from '../pool-turn.ts';
import { standing } from './task.ts';

/** Questions to Temporal at once. */
const AT_ONCE = 10;

/** Of a queue that cannot be asked. */
const MOST_RECORDED = 100;
const UNDER_WAY: readonly TaskStatus[] = ['running', 'paused', 'stopping', 'pending'];

/** Who has a pool and who waits for it, and the machines that cost money and are none of its nodes. */
export async function poolBesides(parts: Parts, { id, name }: PoolRow): Promise<object> {
  const [queue, unreleased] = await Promise.all([queueOf(parts, name), parts.store.machines.unreleased(id)]);
  return { queue, unreleased };
}

interface Queued {
  name: string;
  status: TaskStatus;
  reason: string;
}

async function queueOf(parts: Parts, pool: string): Promise<Queued[]> {
  const tasks = await tasksOf(parts, pool);
  const limit = pLimit(AT_ONCE);
  return await Promise.all(tasks.map((task) => limit(() => queued(parts, task))));
}

/** In their order; where Temporal or its workers do not answer, as they were last recorded. */
async function tasksOf(parts: Parts, pool: string): Promise<(ListedTask | string)[]> {
  const names = await queueNow(parts, pool);
  if (names) return await Promise.all(names.map(async (name) => (await parts.store.tasks.get(name)) ?? name));
  const sort = { by: 'createdAt', descending: false } as const;
  const pages = UNDER_WAY.map((status) => parts.store.tasks.list({ pool, status, sort, limit: MOST_RECORDED }));
  return (await Promise.all(pages)).flatMap(({ items }) => items);
}

/** A name: the task is not recorded yet. */
async function queued(parts: Parts, task: ListedTask | string): Promise<Queued> {
  if (typeof task === 'string') return { name: task, status: 'pending', reason: 'waits for a worker to take it up' };
  const { status, reason } = await standing(parts, task);
  return { name: task.name, status, reason };
}
