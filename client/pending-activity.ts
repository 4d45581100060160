import type { WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ExtractHeartbeat } from '../model/heartbeat.ts';
import type { PendingRetry } from './run-facts.ts';

export type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

/** Of an extract; null for other steps, and before its first second. */
export function extractHeartbeat(details: PendingActivity['heartbeatDetails']): ExtractHeartbeat | null {
  const payload = details?.payloads?.[0];
  if (!payload) return null;
  const beat = defaultPayloadConverter.fromPayload(payload) as Partial<ExtractHeartbeat> | null;
  return typeof beat?.sequence === 'number' && typeof beat.records === 'number' ? (beat as ExtractHeartbeat) : null;
}

/** None for a step in its first attempt. */
export function pendingRetry(activity: PendingActivity): PendingRetry[] {
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

// https://github.com/temporalio/api/blob/master/temporal/api/enums/v1/workflow.proto
const scheduled = 1;

/** The queue that the step waits on to be taken up, where that is not the workflow's own; null otherwise. */
export function awaitedQueue(activity: PendingActivity, workflowQueue: string): string | null {
  const queue = activity.activityOptions?.taskQueue?.name;
  return activity.state === scheduled && queue && queue !== workflowQueue ? queue : null;
}
