import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { LoadedDataConverter } from '@temporalio/common';
import {
  decodeFromPayloadsAtIndex,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { ExtractHeartbeat } from '../model/heartbeat.ts';
import type { PendingRetry } from './run-facts.ts';

export type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

/** Of an extract; null for other steps, and before its first second. */
export async function extractHeartbeat(
  converter: LoadedDataConverter,
  details: PendingActivity['heartbeatDetails'],
): Promise<ExtractHeartbeat | null> {
  if (!details?.payloads?.[0]) return null;
  const beat = await decodeFromPayloadsAtIndex<Partial<ExtractHeartbeat> | null>(converter, 0, details.payloads);
  return typeof beat?.sequence === 'number' && typeof beat.records === 'number' ? (beat as ExtractHeartbeat) : null;
}

/** None for a step in its first attempt. */
export async function pendingRetry(converter: LoadedDataConverter, activity: PendingActivity): Promise<PendingRetry[]> {
  const attempt = activity.attempt ?? 1;
  if (attempt < 2) return [];
  const nextAt = activity.nextAttemptScheduleTime ?? activity.scheduledTime;
  const failure = await decodeOptionalFailureToOptionalError(converter, activity.lastFailure);
  const nextMs = nextAt?.seconds ? Number(nextAt.seconds) * 1_000 : null;
  return [
    {
      activity: activity.activityType?.name ?? 'activity',
      attempt,
      failure: failure?.message || null,
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
