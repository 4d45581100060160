import { isOpen, describeOpenRuns, firstRunIdOf, type RunKey } from '../describe-run.ts';
import type { TemporalConnection } from '../temporal-connection.ts';
import { WorkflowNotFoundError } from '@temporalio/common';

/**
 * Whether the run's execution is open. Sought by the ids it may have, and, since the schedule that started it may be gone, in
 * Temporal's list as well, which trails.
 */
export async function executionOf(
  temporal: TemporalConnection,
  { run, ...key }: RunKey & { readonly run: string },
): Promise<'open' | 'closed'> {
  const open = await describeOpenRuns(temporal, key);
  if (open.some((execution) => firstRunIdOf(execution) === run)) return 'open';
  const workflowId = await listedWorkflowId(temporal, run);
  return workflowId !== null && (await isRunOpen(temporal, workflowId, run)) ? 'open' : 'closed';
}

async function listedWorkflowId(temporal: TemporalConnection, run: string): Promise<string | null> {
  // Run ids come from rows and folder names that others may have written.
  if (!/^[0-9a-f-]{36}$/i.test(run)) return null;
  for await (const { workflowId } of temporal.client.workflow.list({ query: `RunId = '${run}'`, pageSize: 1 })) {
    return workflowId;
  }
  return null;
}

/** Continue-as-new and reset keep the name, so that the latest execution under the id is what counts. */
async function isRunOpen(temporal: TemporalConnection, workflowId: string, run: string): Promise<boolean> {
  try {
    const latest = await temporal.client.workflow.getHandle(workflowId).describe();
    return firstRunIdOf(latest) === run && isOpen(latest);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
