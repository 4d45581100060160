import type { TemporalConnection } from './temporal-connection.ts';

// https://github.com/temporalio/api/blob/master/temporal/api/enums/v1/task_queue.proto
const workflowTasks = 1;
const activityTasks = 2;

/** A live worker asks again at least once a minute; the server lists pollers for five minutes after their last call. */
const recentMs = 70_000;

/** Whether a worker has polled this task queue within about the last minute. */
export function hasWorkerPolling(temporal: TemporalConnection, taskQueue: string): Promise<boolean> {
  return isPolled(temporal, taskQueue, workflowTasks);
}

/** The same for a queue that has activities only. */
export function hasActivityPoller(temporal: TemporalConnection, taskQueue: string): Promise<boolean> {
  return isPolled(temporal, taskQueue, activityTasks);
}

async function isPolled(temporal: TemporalConnection, taskQueue: string, taskQueueType: number): Promise<boolean> {
  const { pollers } = await temporal.client.workflowService.describeTaskQueue({
    namespace: temporal.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType,
  });
  const oldestMs = Date.now() - recentMs;
  return (pollers ?? []).some((poller) => Number(poller.lastAccessTime?.seconds ?? 0) * 1_000 >= oldestMs);
}
