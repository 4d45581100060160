/** Files on their way at once: a statement or request for each, and memory for as many. */
const concurrency = 4;

/** Takes from the queue until it is empty. `stop` also says that another lane has failed. */
type Lane<T> = (next: () => T | undefined, stop: AbortSignal) => Promise<void>;

/** Resolves when all items are through. The first failure stops the rest, and none goes on beside what the caller does next. */
export async function throughLanes<T>(items: readonly T[], signal: AbortSignal, lane: Lane<T>): Promise<void> {
  const waiting = [...items];
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const lanes = Array.from({ length: Math.min(concurrency, items.length) }, async () => {
    try {
      await lane(() => waiting.shift(), stop);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  const ended = await Promise.allSettled(lanes);
  signal.throwIfAborted();
  if (ended.some(({ status }) => status === 'rejected')) throw failed.signal.reason;
}
