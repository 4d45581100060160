import {
  QueryNotRegisteredError,
  QueryRejectedError,
  type ScheduleDescription,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { progressQuery, type SyncProgress } from '../workflows/messages.ts';
import { grpcStatusOf } from './cli-error.ts';
import { describeOpenRuns, firstRunIdOf, isOpen, latestRunOf, type RunKey, type RunTarget } from './describe-run.ts';
import { awaitedQueue, extractHeartbeat, pendingRetry, type PendingActivity } from './pending-activity.ts';
import { endOf } from './run-end.ts';
import type { RunFacts } from './run-facts.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import { hasActivityPoller, hasWorkerPolling } from './worker-pollers.ts';

/** The steps whose heartbeats tell how far reading is. */
const readingSteps: ReadonlySet<string | null | undefined> = new Set(['extractChunk', 'beginIncremental']);

/** A worker that is up answers a query within milliseconds; the line on screen must not wait longer than this for one. */
const queryTimeoutMs = 2_000;

/** What Temporal knows of the newest run of a mode and stream; null if there is none within the namespace's retention. */
export async function observeLatest(
  temporal: TemporalConnection,
  key: RunKey,
  schedule?: ScheduleDescription | null,
): Promise<RunFacts | null> {
  const description = await latestRunOf(temporal, key, schedule);
  return description === null ? null : observeDescribed(temporal, key, description);
}

/**
 * The same for one run by name, even when a newer one has taken its place since. Reset and continue-as-new keep the
 * name, so the latest execution of the run is what counts.
 */
export async function observeRun(temporal: TemporalConnection, target: RunTarget): Promise<RunFacts> {
  const { workflowId, run } = target;
  const latest = await temporal.client.workflow.getHandle(workflowId).describe();
  if (firstRunIdOf(latest) === run) return observeDescribed(temporal, target, latest);
  const description = await temporal.client.workflow.getHandle(workflowId, run).describe();
  return observeDescribed(temporal, target, description);
}

/** The same for every open run of a mode and stream. */
export async function observeOpen(temporal: TemporalConnection, key: RunKey): Promise<RunFacts[]> {
  const open = await describeOpenRuns(temporal, key);
  return Promise.all(open.map((description) => observeDescribed(temporal, key, description)));
}

/** The same for a run that was just described. */
export async function observeDescribed(
  temporal: TemporalConnection,
  { mode, stream }: RunKey,
  description: WorkflowExecutionDescription,
): Promise<RunFacts> {
  const open = isOpen(description);
  const hasWorker = open ? await hasWorkerPolling(temporal, description.taskQueue) : true;
  const progress = open && hasWorker ? await queryProgress(temporal, description) : null;
  const pending = description.raw.pendingActivities ?? [];
  const { loadedDataConverter: converter } = temporal.client.options;
  const beats = await Promise.all(pending.map((activity) => extractHeartbeat(converter, activity.heartbeatDetails)));
  const retries = await Promise.all(pending.map((activity) => pendingRetry(converter, activity)));
  const facts: RunFacts = {
    mode,
    stream,
    workflowId: description.workflowId,
    runId: description.runId,
    run: firstRunIdOf(description),
    startedAt: (await runStart(temporal, description)).toISOString(),
    endedAt: description.closeTime?.toISOString() ?? null,
    end: open ? null : await endOf(temporal, description),
    isCancelRequested: description.raw.workflowExtendedInfo?.cancelRequested ?? false,
    progress,
    isReading: pending.some((activity) => readingSteps.has(activity.activityType?.name)),
    heartbeat: beats.findLast((beat) => beat !== null) ?? null,
    retries: retries.flat(),
    stuck: await stuckOf(temporal, description),
    taskQueue: description.taskQueue,
    hasWorker,
    missingOwner: await missingOwnerOf(temporal, pending, description.taskQueue),
  };
  return withFullSync(temporal, facts, description);
}

/** An incremental run that has the whole stream read in its place tells what the backfill is at that does so. */
async function withFullSync(
  temporal: TemporalConnection,
  facts: RunFacts,
  { raw }: WorkflowExecutionDescription,
): Promise<RunFacts> {
  const child = raw.pendingChildren?.[0]?.workflowId;
  if (!child) return facts;
  const description = await temporal.client.workflow.getHandle(child).describe();
  const full = await observeDescribed(temporal, { mode: 'backfill', stream: facts.stream }, description);
  const { isReading, heartbeat, retries, stuck, missingOwner } = full;
  return { ...facts, progress: full.progress ?? facts.progress, isReading, heartbeat, retries, stuck, missingOwner };
}

async function missingOwnerOf(
  temporal: TemporalConnection,
  pending: readonly PendingActivity[],
  workflowQueue: string,
): Promise<string | null> {
  const queues = new Set(
    pending.map((activity) => awaitedQueue(activity, workflowQueue)).filter((name) => name !== null),
  );
  for (const queue of queues) if (!(await hasActivityPoller(temporal, queue))) return queue;
  return null;
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
): Promise<SyncProgress | null> {
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
  const failure = failed?.workflowTaskFailedEventAttributes?.failure;
  const reason = await decodeOptionalFailureToOptionalError(temporal.client.options.loadedDataConverter, failure);
  return { failures, message: reason?.message ?? null };
}
