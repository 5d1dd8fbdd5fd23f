import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  continueAsNew,
  ContinueAsNew,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import type { OpenedTask, TaskInput, TaskResult } from '../model/activities.ts';
import type { TaskStatus } from '../model/status.ts';
import { addNodes, closeTask, drawTask, openTask, settlePool } from './activities.ts';
import { listen, type Inbox } from './inbox.ts';
import { RollingOut } from './rolling-out.ts';
import { begin, type RunState } from './run.ts';
import { giveBack, isQueued, turnOf, type Queued } from './turn.ts';

/** One run of a template over many nodes. Ends failed (TaskFailed) when nodes are left that are not ok. */
export async function task(input: TaskInput, carried?: RunState): Promise<TaskResult> {
  const inbox = listen();
  const opened = carried?.opened ?? (await open(input, inbox));
  if (!isQueued(opened)) return await rollOut(input, inbox, carried ?? begin(opened));
  try {
    const state = carried ?? begin(await inTurn(input, inbox, opened));
    const result = await rollOut(input, inbox, state);
    await giveBack(opened);
    return result;
  } catch (error) {
    if (!(error instanceof ContinueAsNew)) await giveBack(opened);
    throw error;
  }
}

async function rollOut(input: TaskInput, inbox: Inbox, state: RunState): Promise<TaskResult> {
  const rollout = new RollingOut(state);
  try {
    inbox.deliverTo(rollout);
    for (;;) {
      while (await rollout.mayGoOn()) rollout.startBatch();
      if (rollout.run.isHandedOver) return await continueAsNew<typeof task>(input, rollout.run.state);
      const result = await rollout.close();
      if (result) return result;
    }
  } catch (error) {
    if (isCancellation(error)) await closeCancelled(rollout);
    throw error;
  }
}

/** Tasks of a pool run one after another. What such a task is over is known when it has its turn. */
async function inTurn(input: TaskInput, inbox: Inbox, opened: Queued): Promise<OpenedTask> {
  const { taskId, turn } = opened;
  try {
    await turnOf(opened, inbox);
    return { ...(await refusable(drawTask(taskId, workflowInfo().runId, input))), turn };
  } catch (error) {
    await CancellationScope.nonCancellable(() => closeTask(taskId, endBefore(error)));
    throw error;
  }
}

/** How a task has ended that never had its turn. */
function endBefore(error: unknown): { status: TaskStatus; reason: string } {
  if (isCancellation(error)) return { status: 'stopped', reason: 'cancelled in Temporal before its turn' };
  const { message, type } = error as ApplicationFailure;
  return { status: type === 'TaskStopped' || type === 'PoolBusy' ? 'stopped' : 'failed', reason: message };
}

/** The first activity checks the task, or finds it again, and writes the snapshot that it then keeps. */
async function open(input: TaskInput, inbox: Inbox): Promise<OpenedTask> {
  const { workflowId, runId } = workflowInfo();
  const parts = await inbox.nodesOf(input);
  const opened = await refusable(openTask(workflowId, runId, input));
  for (const part of parts) await addNodes(opened.taskId, part);
  return opened;
}

/** What an activity refuses for good is the task's own failure. */
async function refusable<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    const refusal = error instanceof ActivityFailure ? error.cause : undefined;
    throw refusal instanceof ApplicationFailure ? refusal : error;
  }
}

/** The batches have been cancelled, too: each ends when its commands are dead. */
async function closeCancelled(rollout: RollingOut): Promise<void> {
  await CancellationScope.nonCancellable(async () => {
    await rollout.settled();
    if (rollout.run.opened.pool) await settlePool(rollout.run.opened.taskId);
    await closeTask(rollout.run.opened.taskId, {
      status: 'stopped',
      reason: 'cancelled in Temporal, running commands killed',
    });
  });
}
