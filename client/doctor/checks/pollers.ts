import { failed, ok, type DoctorFinding } from '../doctor-finding.ts';

/** A task queue that workflows wait on; `pollers` by the names they give themselves, over about the last minute. */
export interface QueueFacts {
  readonly taskQueue: string;
  readonly pollers: readonly string[];
}

export function judgeWorkflowPollers({ taskQueue, pollers }: QueueFacts): DoctorFinding {
  const subject = `task queue ${taskQueue}`;
  if (pollers.length > 0) return ok('no-poller', subject, `polled by ${pollers.join(', ')}`);
  return failed('no-poller', subject, 'no worker has polled it for a minute', {
    mend: 'sluice worker, or sluice dev',
    kind: 'unreachable',
  });
}

/** Whoever polls it holds the lock on the destination's file. */
export function judgeOwnerQueue(destination: string, { taskQueue, pollers }: QueueFacts): DoctorFinding {
  const subject = `destination ${destination}`;
  if (pollers.length > 0) return ok('owner-queue', subject, `held by ${pollers.join(', ')} (task queue ${taskQueue})`);
  return failed('owner-queue', subject, `nobody has polled task queue ${taskQueue} for a minute: its runs wait`, {
    mend: 'sluice worker, on the machine that has the file; one that is up and waits tells in its log who holds it',
    kind: 'unreachable',
  });
}
