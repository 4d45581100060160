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
  return (await recentPollers(temporal, taskQueue, taskQueueType)).length > 0;
}

/** Who has polled for workflow tasks within about the last minute, by the name each gives itself: `<pid>@<host>`. */
export function workflowPollers(temporal: TemporalConnection, taskQueue: string): Promise<string[]> {
  return recentPollers(temporal, taskQueue, workflowTasks);
}

/** The same of a queue that has activities only. */
export function activityPollers(temporal: TemporalConnection, taskQueue: string): Promise<string[]> {
  return recentPollers(temporal, taskQueue, activityTasks);
}

async function recentPollers(
  temporal: TemporalConnection,
  taskQueue: string,
  taskQueueType: number,
): Promise<string[]> {
  const { pollers } = await temporal.client.workflowService.describeTaskQueue({
    namespace: temporal.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType,
  });
  const oldestMs = Date.now() - recentMs;
  const recent = (pollers ?? []).filter((poller) => Number(poller.lastAccessTime?.seconds ?? 0) * 1_000 >= oldestMs);
  return recent.map(({ identity }) => identity ?? 'unnamed').toSorted();
}
