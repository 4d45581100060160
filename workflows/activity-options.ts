import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
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

/** The activities of one stream, on the queue of the process that holds its destination. */
export interface StreamSteps {
  /** Steps that a person waits for: seconds of work, and minutes where the database is busy. */
  readonly steps: ReturnType<typeof proxySteps>;
  /** Reads at the pace the source allows: 50,000 records at the lowest published limit take a minute. */
  readonly extraction: ReturnType<typeof proxyExtraction>;
  /** The last step of a run that failed or was cancelled; what it leaves undone, the next run of the stream does. */
  readonly closing: ReturnType<typeof proxyClosing>;
}

export function stepsOn(queue: string | null): StreamSteps {
  const place = queue === null ? {} : { taskQueue: queue };
  return { steps: proxySteps(place), extraction: proxyExtraction(place), closing: proxyClosing(place) };
}

type Place = { readonly taskQueue?: string };

function proxySteps(place: Place) {
  return proxyActivities<
    Pick<
      Activities,
      | 'planBackfill'
      | 'planListing'
      | 'mergeChunk'
      | 'compareListing'
      | 'beginVanished'
      | 'finishRun'
      | 'resetStream'
      | 'callReconcile'
    >
  >({ ...shared, ...place, startToCloseTimeout: '1 hour' });
}

function proxyExtraction(place: Place) {
  return proxyActivities<Pick<Activities, 'extractChunk' | 'beginIncremental'>>({
    ...shared,
    ...place,
    startToCloseTimeout: '6 hours',
  });
}

function proxyClosing(place: Place) {
  return proxyActivities<Pick<Activities, 'finishRun'>>({
    ...shared,
    ...place,
    scheduleToCloseTimeout: '5 minutes',
  });
}

/** Reads the config and nothing else, so any worker answers at once. */
const local = proxyLocalActivities<Pick<Activities, 'locateStream'>>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '10 seconds' },
});

/** The queue of the process that holds the stream's destination; null for the workflow's own. */
export async function placeOf(stream: string): Promise<string | null> {
  return (await local.locateStream({ stream })).taskQueue;
}

/** Somebody sits in front of the terminal: an answer now, or an error. */
export function inspectionOn(queue: string | null, verb: string) {
  const isLong = verb === 'verify';
  return proxyActivities<Pick<Activities, 'inspect'>>({
    ...(queue === null ? {} : { taskQueue: queue }),
    startToCloseTimeout: isLong ? '6 hours' : '5 minutes',
    heartbeatTimeout,
    retry: { initialInterval: '500 milliseconds', maximumAttempts: 2 },
  });
}

/** As for an inspection, and patient enough for a merge that is under way. */
export function mendingOn(queue: string | null) {
  return proxyActivities<Pick<Activities, 'closeLostRuns' | 'sweepStages'>>({
    ...(queue === null ? {} : { taskQueue: queue }),
    startToCloseTimeout: '5 minutes',
    heartbeatTimeout,
    retry: { initialInterval: '500 milliseconds', maximumAttempts: 3 },
  });
}
