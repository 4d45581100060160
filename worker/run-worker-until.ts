import type { Worker } from '@temporalio/worker';

/** Runs a worker until the signal aborts, then shuts it down. `onReady` is called once it polls. */
export async function runWorkerUntil(signal: AbortSignal, worker: Worker, onReady?: () => void): Promise<void> {
  const shutdown = () => worker.shutdown();
  signal.addEventListener('abort', shutdown, { once: true });
  const running = worker.run();
  // A worker that was created has to run before it can end.
  if (signal.aborted) shutdown();
  else onReady?.();
  try {
    await running;
  } finally {
    signal.removeEventListener('abort', shutdown);
  }
}
