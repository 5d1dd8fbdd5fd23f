import type { FailedNode, Standing } from '../model/activities.ts';
import type { FailureStatus } from '../model/status.ts';
import type { Store } from '../store/store.ts';

/** Failed nodes are named up to here; the ledger knows them all. */
const NAMED = 50;

export async function standing(store: Store, taskId: string): Promise<Standing> {
  const [counts, failed] = await Promise.all([store.tasks.counts(taskId), store.ledger.failed(taskId, NAMED)]);
  return {
    counts,
    failed: failed.map(({ name, stepName, status, reason }): FailedNode => ({
      name,
      step: stepName,
      status: status as FailureStatus,
      reason,
    })),
  };
}
