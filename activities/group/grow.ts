import { setTimeout as delay } from 'node:timers/promises';
import { slug } from '../../model/task-name.ts';
import { all } from './acts.ts';
import { failed, ok, type GroupWork, type Outcomes } from './work.ts';

const LOOK_EVERY = 500;

/**
 * Another pool grows first: a task of its own, once for all batches, in that pool's queue. A further try goes on with the
 * same task where it failed.
 */
export async function growPool(work: GroupWork): Promise<Outcomes> {
  const { with: deps, task, nodes, call } = work;
  const { store, temporal } = deps;
  const pool = String(work.options['pool']);
  const by = Number(work.options['by']);
  const name = `${task.name.slice(0, 60)}-${slug(pool).slice(0, 39)}`;
  const before = await store.tasks.get(name);
  if (before?.status === 'ok') return all(work, ok());
  const isFirst = nodes.every((node) => node.try === 1);
  if (!before || isFirst)
    await temporal.startTask(name, { pool, do: { expand: { by } }, startedBy: `task ${task.name}` });
  else if ((await temporal.state(name)) !== 'running') await temporal.startTask(name, { resume: {} });
  call.say(`pool ${pool} grows by ${by} first: task ${name}`);
  for (;;) {
    const state = await temporal.state(name);
    if (state === 'completed') return all(work, ok());
    if (state !== 'running' && state !== 'paused') {
      const row = await store.tasks.get(name);
      return all(
        work,
        failed(
          `pool ${pool} did not grow: task ${name} is ${row?.status ?? state}${row?.reason ? `: ${row.reason}` : ''}`,
        ),
      );
    }
    await delay(LOOK_EVERY, undefined, { signal: call.signal });
  }
}
