import { isFailure, type NodeCounts, type NodeStatus, type TaskStatus } from '../status.ts';

/** OpenDCP's states: 0 not begun, 1 running, 2 success (finished), 3 failed, 4 stopped, to be started again. */
export type OpendcpState = 0 | 1 | 2 | 3 | 4;

/** A task that somebody stopped is finished, in OpenDCP's words; one that failed on some nodes only has succeeded. */
export function taskState(status: TaskStatus, counts: Pick<NodeCounts, 'ok'>): OpendcpState {
  switch (status) {
    case 'pending':
      return 0;
    case 'running':
    case 'stopping':
      return 1;
    case 'paused':
      return 4;
    case 'ok':
    case 'stopped':
      return 2;
    case 'failed':
      return counts.ok > 0 ? 2 : 3;
    case 'terminated':
      return 3;
  }
}

/** `isBetween`: the node has begun, and no step of it runs: in a paused task it waits for its next one. */
export function nodeState(
  status: NodeStatus,
  { task, isBetween }: { task: TaskStatus; isBetween: boolean },
): OpendcpState {
  if (isFailure(status)) return 3;
  switch (status) {
    case 'pending':
      return isBetween && task === 'paused' ? 4 : 0;
    case 'running':
      return isBetween && task === 'paused' ? 4 : 1;
    case 'ok':
    case 'skipped':
      return 2;
    case 'cancelled':
      return 4;
  }
}
