import type { TemporalConnection } from './temporal-connection.ts';

const workflowQueue = 1;
/** A live worker asks again at least once a minute; the server lists pollers for five minutes after their last call. */
const recentMs = 70_000;

/** Whether a worker has polled this task queue within about the last minute. */
export async function hasWorkerPolling(temporal: TemporalConnection, taskQueue: string): Promise<boolean> {
  const { pollers } = await temporal.client.workflowService.describeTaskQueue({
    namespace: temporal.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: workflowQueue,
  });
  const oldestMs = Date.now() - recentMs;
  return (pollers ?? []).some((poller) => Number(poller.lastAccessTime?.seconds ?? 0) * 1_000 >= oldestMs);
}
