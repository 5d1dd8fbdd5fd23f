/** What a step on a node, or a node as a whole, has come to. `pending` and `running` are the only ones that change again. */
export const NODE_STATUSES = [
  'pending',
  'running',
  'ok',
  'failed',
  'timed_out',
  'unreachable',
  'unknown',
  'skipped',
  'cancelled',
] as const;
export type NodeStatus = (typeof NODE_STATUSES)[number];

/** The statuses that the failure budget counts: whatever the reason, the node is not as the template wants it. */
export const FAILURES = ['failed', 'timed_out', 'unreachable', 'unknown'] as const satisfies readonly NodeStatus[];
export type FailureStatus = (typeof FAILURES)[number];

export const TASK_STATUSES = [
  'pending',
  'running',
  'paused',
  'stopping',
  'ok',
  'failed',
  'stopped',
  'terminated',
] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** Tasks with one of these have no running workflow. */
export const ENDED: readonly TaskStatus[] = ['ok', 'failed', 'stopped', 'terminated'];

export type NodeCounts = { total: number } & Record<NodeStatus, number>;

export function isFailure(status: NodeStatus): status is FailureStatus {
  return (FAILURES as readonly NodeStatus[]).includes(status);
}

export function noCounts(): NodeCounts {
  return {
    total: 0,
    pending: 0,
    running: 0,
    ok: 0,
    failed: 0,
    timed_out: 0,
    unreachable: 0,
    unknown: 0,
    skipped: 0,
    cancelled: 0,
  };
}

export function failures(counts: NodeCounts): number {
  return FAILURES.reduce((sum, status) => sum + counts[status], 0);
}
