import type { WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { backfillWorkflowId } from '../model/workflow-id.ts';
import type { TemporalConnection } from './temporal-connection.ts';

/** The stream's latest backfill, running or not; null if there is none within the namespace's retention. */
export async function describeLatest(
  temporal: TemporalConnection,
  stream: string,
): Promise<WorkflowExecutionDescription | null> {
  try {
    return await temporal.client.workflow.getHandle(backfillWorkflowId(stream)).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

export function isOpen({ status }: WorkflowExecutionDescription): boolean {
  return status.name === 'RUNNING' || status.name === 'PAUSED';
}

/** What names the run: continue-as-new and reset keep it. */
export function firstRunIdOf(description: WorkflowExecutionDescription): string {
  return description.raw.workflowExecutionInfo?.firstRunId || description.runId;
}
