import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { resetWorkflowId } from '../model/workflow-id.ts';
import { resetType, type ResetInput, type ResetResult } from '../workflows/messages.ts';
import { askWorkflow } from './ask-workflow.ts';
import { CliError } from './cli-error.ts';
import { describeOpenRuns } from './describe-run.ts';
import { exitCode } from './exit-code.ts';
import { lookUpEach } from './look-up-each.ts';
import { alreadyRunning } from './sync-runs.ts';
import type { TemporalConnection } from './temporal-connection.ts';

/** It waits its turn behind a merge at most. */
const answerWithinMs = 600_000;

/** Throws a usage error that names the first stream with a running backfill: a reset would throw away hours of reading. */
export async function refuseWhileBackfilling(temporal: TemporalConnection, streams: readonly string[]): Promise<void> {
  await lookUpEach(streams, async (stream) => {
    const key = { mode: 'backfill', stream } as const;
    const [running] = await describeOpenRuns(temporal, key);
    if (running === undefined) return;
    throw new CliError(exitCode.usage, `${alreadyRunning(key, running).message}; nothing was reset`, {
      next: `sluice cancel ${stream}`,
    });
  });
}

/** Begins a new generation of the stream; throws as `askWorkflow` does. */
export async function resetStream(
  temporal: TemporalConnection,
  taskQueue: string,
  input: ResetInput,
): Promise<ResetResult> {
  const { stream } = input;
  try {
    return await askWorkflow<ResetResult>(temporal, {
      type: resetType,
      workflowId: resetWorkflowId(stream),
      taskQueue,
      input,
      summary: `reset of ${stream}`,
      timeoutMs: answerWithinMs,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw new CliError(exitCode.usage, `a reset of ${stream} is under way already`, {
      next: `sluice history ${stream}`,
      cause: error,
    });
  }
}
