import {
  ApplicationFailure,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { OpenedTask, Turn } from '../model/activities.ts';
import { queueId } from '../model/pool/queue-id.ts';
import type { TaskStatus } from '../model/status.ts';
import { recordWaiting, requestTurn } from './activities.ts';
import type { Inbox } from './inbox.ts';
import { leave } from './messages.ts';
import { keys } from './search-keys.ts';

/** ms after which a task that waits asks again: the queue itself may have been terminated. Doubles up to the longest. */
const ASK_AGAIN = 60_000;
const ASK_AGAIN_AT_MOST = 15 * 60_000;

export type Queued = OpenedTask & { pool: NonNullable<OpenedTask['pool']>; turn: NonNullable<OpenedTask['turn']> };

export function isQueued(opened: OpenedTask): opened is Queued {
  return opened.pool !== undefined && opened.turn !== undefined;
}

/** Waits until it is the task's turn in its pool. Throws TaskStopped when it is stopped before, PoolBusy when it wanted no other turn. */
export async function turnOf(opened: Queued, inbox: Inbox): Promise<void> {
  const { taskId, pool } = opened;
  upsertSearchAttributes([
    { key: keys.template, value: opened.template },
    { key: keys.pool, value: pool.name },
    { key: keys.state, value: 'pending' satisfies TaskStatus },
  ]);
  const asking = askAgain(opened);
  try {
    for (let told: Turn | undefined; ;) {
      await condition(() => inbox.stopWanted || inbox.turn !== told);
      if (inbox.stopWanted)
        throw ApplicationFailure.nonRetryable('stopped by an operator before its turn', 'TaskStopped');
      const { turn } = inbox;
      if (!turn) continue; // said by nobody: what was waited for is a turn that is there
      told = turn;
      if (turn.refused)
        throw ApplicationFailure.nonRetryable(`pool ${pool.name} is busy: ${turn.holder} has it`, 'PoolBusy');
      if (turn.ahead === 0) return;
      const reason = `waits for pool ${pool.name}: ${turn.ahead} ahead of it (${turn.holder} has it)`;
      setCurrentDetails(`**pending** — ${reason}`);
      await recordWaiting(taskId, reason);
    }
  } finally {
    asking.stop();
  }
}

function askAgain({ pool, turn: { now } }: Queued): { stop: () => void } {
  const { workflowId, firstExecutionRunId, startTime } = workflowInfo();
  const since = startTime.getTime();
  const scope = new CancellationScope();
  const asking = scope.run(async () => {
    for (let pause = ASK_AGAIN; ; pause = Math.min(pause * 2, ASK_AGAIN_AT_MOST)) {
      await requestTurn(pool.name, { task: workflowId, runId: firstExecutionRunId, since, now });
      await condition(() => false, pause);
    }
  });
  asking.catch(() => undefined); // ends by being cancelled
  return { stop: () => scope.cancel() };
}

/** The next one may have the pool. */
export async function giveBack({ pool }: Queued): Promise<void> {
  const { workflowId, firstExecutionRunId, taskQueue } = workflowInfo();
  await CancellationScope.nonCancellable(async () => {
    const queue = getExternalWorkflowHandle(queueId(taskQueue, pool.name));
    // A queue that is not there has nobody waiting.
    await queue.signal(leave, { task: workflowId, runId: firstExecutionRunId }).catch(() => undefined);
  });
}
