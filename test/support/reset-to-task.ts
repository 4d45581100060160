import { randomUUID } from 'node:crypto';
import type { temporal } from '@temporalio/proto';
import type { ChaosWorld } from './chaos-world.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** A step of the workflow and how often it had been done; 0 is the run's first task. */
export interface TaskPlace {
  readonly after: string;
  readonly times: number;
}

/** Resets the latest execution of a workflow as a person would in the UI; the run id of the new one. */
export async function resetToTask(world: ChaosWorld, workflowId: string, place: TaskPlace): Promise<string> {
  const { client } = world.temporal;
  const { runId } = await client.workflow.getHandle(workflowId).describe();
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const answer = await client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId, runId },
    reason: 'test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: taskAfter(events ?? [], place) as never,
  });
  return answer.runId;
}

/** The workflow task that followed. */
function taskAfter(events: readonly HistoryEvent[], { after: step, times }: TaskPlace): number {
  const scheduled = new Set(
    events
      .filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === step)
      .map((event) => Number(event.eventId)),
  );
  const completed = events.filter((event) =>
    scheduled.has(Number(event.activityTaskCompletedEventAttributes?.scheduledEventId)),
  );
  const after = times === 0 ? 0 : Number(completed[times - 1]!.eventId);
  const task = events.find(
    (event) => Number(event.eventId) > after && event.workflowTaskCompletedEventAttributes != null,
  );
  return Number(task!.eventId);
}
