import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Temporal } from '../activities/dependencies.ts';
import type { Drover } from '../client/index.ts';
import { queueId } from '../model/pool/queue-id.ts';

/** Temporal's server, as activities ask it. */
export function temporalOf(drover: Drover): Temporal {
  const { client, taskQueue } = drover;
  return {
    async startTask(name, input) {
      try {
        await client.workflow.start('task', {
          workflowId: name,
          taskQueue,
          args: [input],
          workflowIdReusePolicy: 'resume' in input ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
          workflowIdConflictPolicy: 'FAIL',
        });
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    },

    state: async (task) => (await drover.task(task).execution()).state,

    async hasEnded(task, firstRunId) {
      try {
        const { status, raw } = await client.workflow.getHandle(task).describe();
        const isOpen = status.name === 'RUNNING' || status.name === 'PAUSED';
        return !isOpen || raw.workflowExecutionInfo?.firstRunId !== firstRunId;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return true;
        throw error;
      }
    },

    async requestTurn(pool, request) {
      await client.workflow.signalWithStart('pool', {
        workflowId: queueId(taskQueue, pool),
        taskQueue,
        args: [pool],
        signal: 'request',
        signalArgs: [request],
        staticSummary: `queue of pool ${pool}`.slice(0, 60),
      });
    },
  };
}
