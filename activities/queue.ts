import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { Activities } from '../model/activities.ts';
import { ENDED } from '../model/status.ts';
import type { Dependencies } from './dependencies.ts';

/** ms between two looks at a task that others wait for. */
const LOOK_EVERY = 1_000;

type QueueActivities = Pick<Activities, 'requestTurn' | 'recordWaiting' | 'awaitEnd' | 'hasEnded' | 'holdersOf'>;

/** What a pool's queue and those in it ask of the world. */
export function queueActivities({ store, temporal }: Dependencies): QueueActivities {
  return {
    requestTurn: (pool, request) => temporal.requestTurn(pool, request),
    recordWaiting: (taskId, reason) => store.tasks.update(taskId, { reason }),
    hasEnded: (task, runId) => temporal.hasEnded(task, runId),

    async awaitEnd(task, runId) {
      const { cancellationSignal: signal, heartbeat } = Context.current();
      while (!(await temporal.hasEnded(task, runId))) {
        heartbeat();
        await delay(LOOK_EVERY, undefined, { signal });
      }
    },

    async holdersOf(pool) {
      const row = await store.catalogue.pools.named(pool);
      const tasks = row ? await store.tasks.open() : [];
      return tasks
        .filter(
          ({ poolId, startedAt, status, runId }) => poolId === row?.id && startedAt && runId && !ENDED.includes(status),
        )
        .map(({ name, runId }) => ({ task: name, runId: runId ?? '', since: 0, now: false }));
    },
  };
}
