import { randomUUID } from 'node:crypto';
import {
  QueryNotRegisteredError,
  QueryRejectedError,
  WorkflowFailedError,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import {
  ApplicationFailure,
  CancelledFailure,
  defaultPayloadConverter,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/common';
import type { ExtractHeartbeat } from '../model/heartbeat.ts';
import { backfillWorkflowId } from '../model/workflow-id.ts';
import {
  backfillType,
  pauseSignal,
  progressQuery,
  resumeSignal,
  type BackfillInput,
  type BackfillProgress,
  type BackfillResult,
  type PauseArgs,
} from '../workflows/messages.ts';
import { callerName } from './caller-name.ts';
import { CliError, grpcStatusOf } from './cli-error.ts';
import { untilText } from './duration.ts';
import { exitCode } from './exit-code.ts';
import type { PendingRetry, RunEnd, RunFacts } from './run-facts.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import { hasWorkerPolling } from './worker-pollers.ts';

/** The step whose heartbeats tell how far reading is. */
const extractActivity = 'extractChunk';

/** A worker that is up answers a query within milliseconds; the line on screen must not wait longer than this for one. */
const queryTimeoutMs = 2_000;

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

async function describeLatest(
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

function isOpen({ status }: WorkflowExecutionDescription): boolean {
  return status.name === 'RUNNING' || status.name === 'PAUSED';
}

function firstRunIdOf(description: WorkflowExecutionDescription): string {
  return description.raw.workflowExecutionInfo?.firstRunId || description.runId;
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

async function endOf(temporal: TemporalConnection, description: WorkflowExecutionDescription): Promise<RunEnd> {
  const handle = temporal.client.workflow.getHandle<() => Promise<BackfillResult>>(
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
function rootFailure(cause: Error | undefined): ApplicationFailure | null {
  let root: ApplicationFailure | null = null;
  for (let error = cause as unknown; error instanceof Error; error = error.cause) {
    if (error instanceof ApplicationFailure && error.type) root = error;
  }
  return root;
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

type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

function extractHeartbeat(details: PendingActivity['heartbeatDetails']): ExtractHeartbeat | null {
  const payload = details?.payloads?.[0];
  if (!payload) return null;
  const beat = defaultPayloadConverter.fromPayload(payload) as Partial<ExtractHeartbeat> | null;
  return typeof beat?.sequence === 'number' && typeof beat.records === 'number' ? (beat as ExtractHeartbeat) : null;
}

function pendingRetry(activity: PendingActivity): PendingRetry[] {
  const attempt = activity.attempt ?? 1;
  if (attempt < 2) return [];
  const nextAt = activity.nextAttemptScheduleTime ?? activity.scheduledTime;
  const nextMs = nextAt?.seconds ? Number(nextAt.seconds) * 1_000 : null;
  return [
    {
      activity: activity.activityType?.name ?? 'activity',
      attempt,
      failure: activity.lastFailure?.message || null,
      nextAttemptAt: nextMs === null || nextMs <= Date.now() ? null : new Date(nextMs).toISOString(),
    },
  ];
}
