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

function stateOf(status: temporal.api.enums.v1.WorkflowExecutionStatus | null | undefined): Execution {
  switch (status) {
    case WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED:
      return 'completed';
    case WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED:
      return 'failed';
    case WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED:
      return 'cancelled';
    case WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED:
      return 'terminated';
    case WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
      return 'timed_out';
    case WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED:
      return 'paused';
    default:
      return 'running';
  }
}
