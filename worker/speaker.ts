import type { NativeConnection } from '@temporalio/worker';

/** A poll is answered or renewed within about a minute: who has not asked for longer is gone. */
const aliveMs = 90_000;
const workflowTasks = 1;

export interface Poller {
  readonly identity: string;
  /** Since its last poll. */
  readonly silentMs: number;
}

/** Of the workers that poll, the first by name: all come to the same answer, and none has to be told. */
export function isFirst(own: string, pollers: readonly Poller[]): boolean {
  const alive = pollers.filter(({ silentMs }) => silentMs < aliveMs).map(({ identity }) => identity);
  return alive.every((identity) => own <= identity);
}

/** Asks Temporal who polls a task queue's workflow tasks. */
export async function pollersOf(
  connection: NativeConnection,
  { namespace, taskQueue }: { namespace: string; taskQueue: string },
): Promise<Poller[]> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: workflowTasks,
  });
  return (pollers ?? []).map(({ identity, lastAccessTime }) => ({
    identity: identity ?? '',
    silentMs: Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1_000,
  }));
}
