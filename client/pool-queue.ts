import { QueryNotRegisteredError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { queueId } from '../model/pool/queue-id.ts';
import { reaching } from './reaching.ts';

/** Names of tasks: the one that has the pool first, then those that wait for it. None when nobody has it. */
export async function queueOf(client: Client, taskQueue: string, pool: string): Promise<string[]> {
  const handle = client.workflow.getHandle(queueId(taskQueue, pool));
  try {
    const { status } = await reaching(() => handle.describe());
    return status.name === 'RUNNING' ? await reaching(() => handle.query<string[]>('queue')) : [];
  } catch (error) {
    // The queue may begin or end just now.
    if (error instanceof WorkflowNotFoundError || error instanceof QueryNotRegisteredError) return [];
    throw error;
  }
}
