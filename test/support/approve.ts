import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { approveDeletesUpdate, type ApproveArgs, type PendingApproval } from '../../workflows/messages.ts';
import { eventually } from './eventually.ts';

/** Approves; a query may show what the workflow has not been given yet, and what it then refuses, it takes an instant later. */
export async function approve(handle: WorkflowHandle, args: ApproveArgs): Promise<PendingApproval> {
  return eventually('approved', () =>
    handle.executeUpdate(approveDeletesUpdate, { args: [args] }).catch((error: unknown) => {
      if (isNothingWaiting(error)) return null;
      throw error;
    }),
  );
}

function isNothingWaiting(error: unknown): boolean {
  return error instanceof WorkflowUpdateFailedError && String(error.cause?.message).includes('nothing waits');
}
