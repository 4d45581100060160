import { QueryNotRegisteredError, QueryRejectedError, type WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { backfillWorkflowId } from '../model/workflow-id.ts';
import { progressQuery, type BackfillProgress } from '../workflows/messages.ts';
import { grpcStatusOf } from './cli-error.ts';
import { describeLatest, firstRunIdOf, isOpen } from './describe-run.ts';
import { extractHeartbeat, pendingRetry } from './pending-activity.ts';
import { endOf } from './run-end.ts';
import type { RunFacts } from './run-facts.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import { hasWorkerPolling } from './worker-pollers.ts';

/** The step whose heartbeats tell how far reading is. */
const extractActivity = 'extractChunk';

/** A worker that is up answers a query within milliseconds; the line on screen must not wait longer than this for one. */
const queryTimeoutMs = 2_000;

/** What Temporal knows of the stream's latest backfill; null if there is none within the namespace's retention. */
export async function observeBackfill(temporal: TemporalConnection, stream: string): Promise<RunFacts | null> {
  const description = await describeLatest(temporal, stream);
  return description === null ? null : factsOf(temporal, stream, description);
}

/**
 * The same for one run by name, even when a newer one has taken its place since. Reset and continue-as-new keep the
 * name, so the latest execution of the run is what counts.
 */
export async function observeRun(temporal: TemporalConnection, stream: string, run: string): Promise<RunFacts> {
  const latest = await describeLatest(temporal, stream);
  if (latest !== null && firstRunIdOf(latest) === run) return factsOf(temporal, stream, latest);
  const description = await temporal.client.workflow.getHandle(backfillWorkflowId(stream), run).describe();
  return factsOf(temporal, stream, description);
}

async function factsOf(
  temporal: TemporalConnection,
  stream: string,
  description: WorkflowExecutionDescription,
): Promise<RunFacts> {
  const open = isOpen(description);
  const hasWorker = open ? await hasWorkerPolling(temporal, description.taskQueue) : true;
  const progress = open && hasWorker ? await queryProgress(temporal, description) : null;
  const pending = description.raw.pendingActivities ?? [];
  return {
    stream,
    workflowId: description.workflowId,
    runId: description.runId,
    run: firstRunIdOf(description),
    startedAt: (await runStart(temporal, description)).toISOString(),
    endedAt: description.closeTime?.toISOString() ?? null,
    end: open ? null : await endOf(temporal, description),
    isCancelRequested: description.raw.workflowExtendedInfo?.cancelRequested ?? false,
    progress,
    isReading: pending.some((activity) => activity.activityType?.name === extractActivity),
    heartbeat:
      pending.map((activity) => extractHeartbeat(activity.heartbeatDetails)).findLast((beat) => beat !== null) ?? null,
    retries: pending.flatMap((activity) => pendingRetry(activity)),
    stuck: await stuckOf(temporal, description),
    taskQueue: description.taskQueue,
    hasWorker,
  };
}

/** When the run's first execution started: continue-as-new gives each later one a start of its own. */
async function runStart(temporal: TemporalConnection, description: WorkflowExecutionDescription): Promise<Date> {
  const run = firstRunIdOf(description);
  if (run === description.runId) return description.startTime;
  try {
    return (await temporal.client.workflow.getHandle(description.workflowId, run).describe()).startTime;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return description.startTime;
    throw error;
  }
}

async function queryProgress(
  temporal: TemporalConnection,
  description: WorkflowExecutionDescription,
): Promise<BackfillProgress | null> {
  const handle = temporal.client.workflow.getHandle(description.workflowId, description.runId);
  try {
    return await temporal.client.withDeadline(Date.now() + queryTimeoutMs, () => handle.query(progressQuery));
  } catch (error) {
    if (isNoAnswer(error)) return null;
    throw error;
  }
}

/** A query fails for reasons that only mean "not now": no worker took it in time, the run just closed, or its code is failing. */
function isNoAnswer(error: unknown): boolean {
  if (error instanceof QueryNotRegisteredError || error instanceof QueryRejectedError) return true;
  return error instanceof WorkflowNotFoundError || grpcStatusOf(error) !== null;
}

/** One failure may be a deploy under way; two in a row are worth saying. */
async function stuckOf(
  temporal: TemporalConnection,
  description: WorkflowExecutionDescription,
): Promise<RunFacts['stuck']> {
  const failures = (description.raw.pendingWorkflowTask?.attempt ?? 1) - 1;
  if (failures < 2) return null;
  const { history } = await temporal.client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: temporal.namespace,
    execution: { workflowId: description.workflowId, runId: description.runId },
    maximumPageSize: 10,
  });
  const failed = history?.events?.find((event) => event.workflowTaskFailedEventAttributes);
  return { failures, message: failed?.workflowTaskFailedEventAttributes?.failure?.message ?? null };
}
