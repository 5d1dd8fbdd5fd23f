import proto from '@temporalio/proto'; // CommonJS: only a default import works under Node
import type { Drover } from '../client/index.ts';

const { TASK_QUEUE_TYPE_ACTIVITY } = proto.temporal.api.enums.v1.TaskQueueType;

/** How many workers ask Temporal for activities. Throws when Temporal does not answer. */
export async function countWorkers({ client, namespace, taskQueue }: Drover): Promise<number> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: TASK_QUEUE_TYPE_ACTIVITY,
  });
  return pollers.length;
}
