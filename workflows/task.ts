import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  continueAsNew,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import type { OpenedTask, TaskInput, TaskResult } from '../model/activities.ts';
import { addNodes, closeTask, openTask } from './activities.ts';
import { listen, type Inbox } from './inbox.ts';
import { RollingOut } from './rolling-out.ts';
import { begin, type RunState } from './run.ts';

/** One run of a template over many nodes. Ends failed (TaskFailed) when nodes are left that are not ok. */
export async function task(input: TaskInput, carried?: RunState): Promise<TaskResult> {
  const inbox = listen();
  let rollout: RollingOut | undefined;
  try {
    rollout = new RollingOut(carried ?? begin(await open(input, inbox)));
    inbox.deliverTo(rollout);
    for (;;) {
      while (await rollout.mayGoOn()) rollout.startBatch();
      if (rollout.run.isHandedOver) return await continueAsNew<typeof task>(input, rollout.run.state);
      const result = await rollout.close();
      if (result) return result;
    }
  } catch (error) {
    if (isCancellation(error) && rollout) await closeCancelled(rollout);
    throw error;
  }
}

/** The first activity checks the task, or finds it again, and writes the snapshot that it then keeps. */
async function open(input: TaskInput, inbox: Inbox): Promise<OpenedTask> {
  const { workflowId, runId } = workflowInfo();
  try {
    const parts = await inbox.nodesOf(input);
    const opened = await openTask(workflowId, runId, input);
    for (const part of parts) await addNodes(opened.taskId, part);
    return opened;
  } catch (error) {
    const refusal = error instanceof ActivityFailure ? error.cause : undefined;
    throw refusal instanceof ApplicationFailure ? refusal : error;
  }
}

/** The batches have been cancelled, too: each ends when its commands are dead. */
async function closeCancelled(rollout: RollingOut): Promise<void> {
  await CancellationScope.nonCancellable(async () => {
    await rollout.settled();
    await closeTask(rollout.run.opened.taskId, {
      status: 'stopped',
      reason: 'cancelled in Temporal, running commands killed',
    });
  });
}
