import type { FailedNode } from '../model/activities.ts';
import type { NodeCounts } from '../model/status.ts';

export class NameInUse extends Error {
  readonly task: string;
  constructor(task: string) {
    super(`there is a task named ${task} already: choose another name, or go on with that one by retry`);
    this.task = task;
  }
}

export class NoSuchTask extends Error {
  constructor(task: string) {
    super(`there is no task named ${task}`);
  }
}

export class NotRunning extends Error {
  constructor(task: string, wanted: string) {
    super(`task ${task} has ended: it cannot ${wanted}; \`retry\` runs again what is not ok`);
  }
}

/** Nodes are left that are not ok. `failed` names the first 50. */
export class TaskFailed extends Error {
  readonly counts: NodeCounts | undefined;
  readonly failed: FailedNode[];
  constructor(message: string, counts: NodeCounts | undefined, failed: FailedNode[]) {
    super(message);
    this.counts = counts;
    this.failed = failed;
  }
}

/** Stopped by an operator, or cancelled or terminated in Temporal. */
export class TaskStopped extends Error {}

/** Another task has the pool, and there was to be no wait for it. */
export class PoolBusy extends Error {}

/** Temporal does not answer. */
export class TemporalUnreachable extends Error {}

/** An update or query that the task cannot take now; the message says why. */
export class Refused extends Error {}
