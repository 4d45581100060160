/** Runs all until the signal aborts. One that fails ends the others; its error is thrown once all have ended. */
export async function runTogether(
  signal: AbortSignal,
  tasks: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const failure = new AbortController();
  const until = AbortSignal.any([signal, failure.signal]);
  await Promise.all(tasks.map((task) => task(until).catch((error: unknown) => failure.abort(error))));
  failure.signal.throwIfAborted();
}
