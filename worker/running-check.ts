import { Client } from '@temporalio/client';
import { WorkflowNotFoundError, type DataConverter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';

/** Asks Temporal whether an execution under a workflow id is open. */
export function runningCheck(options: {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly dataConverter?: DataConverter;
}): (workflowId: string) => Promise<boolean> {
  const client = new Client(options);
  return async (workflowId) => {
    try {
      const { status } = await client.workflow.getHandle(workflowId).describe();
      return status.name === 'RUNNING';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  };
}
