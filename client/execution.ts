import { WorkflowNotFoundError, type WorkflowClient, type WorkflowExecutionStatusName } from '@temporalio/client';
import type { Execution } from '../model/execution.ts';

const STATES: Partial<Record<WorkflowExecutionStatusName, Execution>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timed_out',
  PAUSED: 'paused',
};

/** How Temporal sees a workflow. */
export async function executionOf(
  client: WorkflowClient,
  workflowId: string,
): Promise<{ state: Execution; runId: string | null }> {
  try {
    const { status, runId } = await client.getHandle(workflowId).describe();
    return { state: STATES[status.name] ?? 'running', runId };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { state: 'missing', runId: null };
    throw error;
  }
}
