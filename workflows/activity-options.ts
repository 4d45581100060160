import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/create-activities.ts';

/**
 * How long a step may go on failing and waiting before the run fails: bounded by time and not by attempts, since deploys
 * and outages use up attempts. Far above any limit's reset or weekend.
 */
const scheduleToCloseTimeout = '7 days';

/** A dead worker is noticed after this; activities beat every second. */
const heartbeatTimeout = '10 seconds';

const shared = {
  scheduleToCloseTimeout,
  heartbeatTimeout,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
} as const;

/** Steps that a person waits for: seconds of work, and minutes where the database is busy. */
export const steps = proxyActivities<Pick<Activities, 'planBackfill' | 'mergeChunk' | 'finishRun'>>({
  ...shared,
  startToCloseTimeout: '1 hour',
});

/** The last step of a run that failed or was cancelled; what it leaves undone, the next run of the stream does. */
export const closing = proxyActivities<Pick<Activities, 'finishRun'>>({
  ...shared,
  scheduleToCloseTimeout: '5 minutes',
});

/** Reads at the pace the source allows: 50,000 records at the lowest published limit take a minute. */
export const extraction = proxyActivities<Pick<Activities, 'extractChunk'>>({
  ...shared,
  startToCloseTimeout: '6 hours',
});

/** Somebody sits in front of the terminal: an answer now, or an error. */
export const inspection = proxyActivities<Pick<Activities, 'inspect'>>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout,
  retry: { initialInterval: '500 milliseconds', maximumAttempts: 2 },
});
