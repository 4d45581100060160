import { randomUUID } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/common';
import { backfillWorkflowId } from '../model/workflow-id.ts';
import { backfillType, pauseSignal, resumeSignal, type BackfillInput, type PauseArgs } from '../workflows/messages.ts';
import { callerName } from './caller-name.ts';
import { CliError } from './cli-error.ts';
import { describeLatest, isOpen } from './describe-run.ts';
import { untilText } from './duration.ts';
import { exitCode } from './exit-code.ts';
import type { TemporalConnection } from './temporal-connection.ts';

/** Starts a backfill under its stream's fixed id and returns the run's name; throws a usage error if one is running. */
export async function startBackfill(
  temporal: TemporalConnection,
  start: { readonly input: BackfillInput; readonly taskQueue: string; readonly summary: string },
): Promise<string> {
  const { stream } = start.input;
  try {
    const handle = await temporal.client.workflow.start(backfillType, {
      workflowId: backfillWorkflowId(stream),
      taskQueue: start.taskQueue,
      args: [start.input],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: start.summary,
    });
    return handle.firstExecutionRunId;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const running = await describeLatest(temporal, stream);
    const since = running === null ? '' : ` (started ${untilText(running.startTime.toISOString(), new Date())})`;
    throw new CliError(exitCode.usage, `backfill of ${stream} is already running${since}`, {
      next: `sluice status ${stream} --watch`,
      cause: error,
    });
  }
}

/** Signals the running backfill; false if none runs. */
export async function pauseBackfill(temporal: TemporalConnection, stream: string, args: PauseArgs): Promise<boolean> {
  return whileRunning(() => temporal.client.workflow.getHandle(backfillWorkflowId(stream)).signal(pauseSignal, args));
}

/** Signals the running backfill; false if none runs. */
export async function resumeBackfill(temporal: TemporalConnection, stream: string, args: PauseArgs): Promise<boolean> {
  return whileRunning(() => temporal.client.workflow.getHandle(backfillWorkflowId(stream)).signal(resumeSignal, args));
}

/** Asks the running backfill to stop, with a reason for its history; false if none runs. */
export async function cancelBackfill(temporal: TemporalConnection, stream: string, reason: string): Promise<boolean> {
  const latest = await describeLatest(temporal, stream);
  if (latest === null || !isOpen(latest)) return false;
  // The client's own cancel() has no room for a reason.
  await temporal.client.workflowService.requestCancelWorkflowExecution({
    namespace: temporal.namespace,
    workflowExecution: { workflowId: latest.workflowId, runId: latest.runId },
    identity: callerName(),
    requestId: randomUUID(),
    reason,
  });
  return true;
}

async function whileRunning(request: () => Promise<unknown>): Promise<boolean> {
  try {
    await request();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
