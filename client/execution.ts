import { WorkflowNotFoundError, type WorkflowClient } from '@temporalio/client';
import proto, { type temporal } from '@temporalio/proto'; // CommonJS: only a default import works under Node
import type { Execution } from '../model/execution.ts';

const { WorkflowExecutionStatus } = proto.temporal.api.enums.v1;

/** How Temporal sees a workflow. Asks the service itself: the SDK's `describe` does not know the status Paused yet. */
export async function executionOf(
  client: WorkflowClient,
  namespace: string,
  workflowId: string,
): Promise<{ state: Execution; runId: string | null }> {
  try {
    const { workflowExecutionInfo: info } = await client.workflowService.describeWorkflowExecution({
      namespace,
      execution: { workflowId },
    });
    return { state: stateOf(info?.status), runId: info?.execution?.runId ?? null };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || (error as { code?: number }).code === 5)
      return { state: 'missing', runId: null };
    throw error;
  }
}

const STATES: Partial<Record<temporal.api.enums.v1.WorkflowExecutionStatus, Execution>> = {
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED]: 'completed',
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED]: 'failed',
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED]: 'cancelled',
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED]: 'terminated',
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT]: 'timed_out',
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED]: 'paused',
};

function stateOf(status: temporal.api.enums.v1.WorkflowExecutionStatus | null | undefined): Execution {
  return (status && STATES[status]) || 'running';
}
