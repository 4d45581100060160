import { WorkflowFailedError, type WorkflowExecutionDescription } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import type { RunEnd, RunResult } from './run-facts.ts';
import type { TemporalConnection } from './temporal-connection.ts';

/** How a closed run ended. */
export async function endOf(temporal: TemporalConnection, description: WorkflowExecutionDescription): Promise<RunEnd> {
  const handle = temporal.client.workflow.getHandle<() => Promise<RunResult>>(
    description.workflowId,
    description.runId,
  );
  try {
    return { kind: 'done', result: await handle.result() };
  } catch (error) {
    if (error instanceof WorkflowFailedError) return endOfFailure(error.cause);
    throw error;
  }
}

function endOfFailure(cause: Error | undefined): RunEnd {
  if (cause instanceof CancelledFailure) return { kind: 'cancelled', message: null };
  if (cause instanceof TerminatedFailure) {
    return { kind: 'failed', failure: 'Terminated', message: cause.message || 'terminated' };
  }
  if (cause instanceof TimeoutFailure)
    return { kind: 'failed', failure: 'TimedOut', message: 'it ran into its execution timeout' };
  const root = rootFailure(cause);
  return {
    kind: 'failed',
    failure: root?.type ?? 'Unknown',
    message: root?.message ?? cause?.message ?? 'unknown failure',
  };
}

/** The innermost typed failure: the one that a step raised, under what Temporal wrapped around it. */
export function rootFailure(cause: Error | undefined): ApplicationFailure | null {
  let root: ApplicationFailure | null = null;
  for (let error = cause as unknown; error instanceof Error; error = error.cause) {
    if (error instanceof ApplicationFailure && error.type) root = error;
  }
  return root;
}
