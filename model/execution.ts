import { ENDED, type TaskStatus } from './status.ts';

/** The state of a task's workflow, as Temporal tells it. `missing`: Temporal has never heard of it, or no longer keeps it. */
export type Execution =
  'running' | 'paused' | 'completed' | 'failed' | 'cancelled' | 'terminated' | 'timed_out' | 'missing';

/**
 * What a task is, when the ledger and Temporal are both asked: whoever terminates, cancels or pauses a workflow in Temporal
 * tells Temporal only, so its word counts over a ledger that still has the task running.
 */
export function reconciled(
  status: TaskStatus,
  reason: string,
  execution: Execution,
): { status: TaskStatus; reason: string } {
  if (ENDED.includes(status)) return { status, reason };
  switch (execution) {
    case 'running':
      return { status, reason };
    case 'paused':
      return { status: 'paused', reason: 'paused in Temporal; `drover resume` or Unpause in its UI goes on' };
    case 'terminated':
      return { status: 'terminated', reason: 'terminated in Temporal' };
    case 'cancelled':
      return { status: 'stopped', reason: 'cancelled in Temporal' };
    case 'timed_out':
      return { status: 'terminated', reason: 'the workflow timed out in Temporal' };
    case 'missing':
      return { status: 'terminated', reason: 'Temporal does not know the task any more' };
    case 'failed':
      return { status: 'failed', reason: reason || 'the workflow failed in Temporal; its page there says why' };
    case 'completed':
      return { status, reason };
  }
}
