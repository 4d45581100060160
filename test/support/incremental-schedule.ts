import type { Client, ScheduleHandle } from '@temporalio/client';
import { scheduleId, syncWorkflowId } from '../../model/workflow-id.ts';

/** The schedule of a stream's incremental runs, which starts one only when it is triggered. */
export function createIncrementalSchedule(
  client: Client,
  { stream, taskQueue }: { readonly stream: string; readonly taskQueue: string },
): Promise<ScheduleHandle> {
  return client.schedule.create({
    scheduleId: scheduleId('incremental', stream),
    spec: { intervals: [{ every: '30d' }] },
    policies: { overlap: 'BUFFER_ONE' },
    action: {
      type: 'startWorkflow',
      workflowType: 'incremental',
      workflowId: syncWorkflowId('incremental', stream),
      taskQueue,
      args: [{ stream }],
    },
  });
}
