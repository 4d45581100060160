import type { WorkflowHandle } from '@temporalio/client';
import type { MergeOutcome } from '../../model/destination.ts';

/** What each merge of an execution reported, in the order of its history. */
export async function mergeOutcomes(run: Pick<WorkflowHandle, 'fetchHistory'>): Promise<MergeOutcome[]> {
  const { events } = await run.fetchHistory();
  const merges = new Set(
    events
      ?.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'mergeChunk')
      .map((event) => Number(event.eventId)),
  );
  return (events ?? []).flatMap(({ activityTaskCompletedEventAttributes: completed }) => {
    if (!completed || !merges.has(Number(completed.scheduledEventId))) return [];
    const [payload] = completed.result?.payloads ?? [];
    return [JSON.parse(Buffer.from(payload!.data!).toString('utf8')) as MergeOutcome];
  });
}
