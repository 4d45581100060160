import { setTimeout as sleep } from 'node:timers/promises';
import { grpcStatusOf } from './cli-error.ts';

// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
const deadlineExceeded = 4;
const failedPrecondition = 9;
const unavailable = 14;

/** What a server that is up says while it is too busy for its own schedules: `no poller seen …` is the second. */
const busyCodes: ReadonlySet<number> = new Set([deadlineExceeded, failedPrecondition, unavailable]);

const usualPausesMs: readonly number[] = [500, 2_000];

/** Asks again after each of the pauses where the server was too busy to answer. Only for what may be done twice. */
export async function patiently<Answer>(
  request: () => Promise<Answer>,
  pausesMs: readonly number[] = usualPausesMs,
): Promise<Answer> {
  for (const pauseMs of pausesMs) {
    try {
      return await request();
    } catch (error) {
      const status = grpcStatusOf(error);
      if (status === null || !busyCodes.has(status.code)) throw error;
    }
    await sleep(pauseMs);
  }
  return request();
}
