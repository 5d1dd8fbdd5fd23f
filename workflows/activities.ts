import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../model/activities.ts';

/** What only writes to the store: quick, repeated for as long as the store is away. */
export const {
  openTask,
  drawTask,
  addNodes,
  recordTask,
  recordWaiting,
  recordBatch,
  requeue,
  skip,
  closeTask,
  reopenPool,
  requestTurn,
  holdersOf,
  hasEnded,
} = proxyActivities<Activities>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

/**
 * Commands on nodes. Only infrastructure fails here (a worker that died, a store that is away), and the next attempt takes
 * up the same commands where they are; so there is no limit to attempts. A worker tells of itself every second: after 10 of
 * silence another one takes over.
 */
export function sliceActivities(deadline: number, summary: string) {
  return proxyActivities<Pick<Activities, 'runSlice' | 'runGroup'>>({
    startToCloseTimeout: deadline,
    heartbeatTimeout: '10s',
    // Said to be the default, but an option that is not given goes to the server as TRY_CANCEL (SDK 1.24.0).
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
    summary,
  });
}

/** Waits for another task's end, however long that takes. */
export function endActivity(summary: string) {
  return proxyActivities<Pick<Activities, 'awaitEnd'>>({
    startToCloseTimeout: '30 days',
    heartbeatTimeout: '10s',
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
    summary,
  });
}

/** Machines are given back, which a vendor may take its time for; what is left then the sweep goes on with. */
export const { settlePool } = proxyActivities<Pick<Activities, 'settlePool'>>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
});
