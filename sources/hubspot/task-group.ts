/** Work that stops together: the first failure, or the outer signal, aborts all of it. */
export class TaskGroup {
  readonly signal: AbortSignal;
  readonly #failed = new AbortController();
  readonly #tasks = new Set<Promise<void>>();

  constructor(signal: AbortSignal) {
    this.signal = AbortSignal.any([signal, this.#failed.signal]);
  }

  /** Starts a task; tasks may start further ones. */
  run(task: (signal: AbortSignal) => Promise<void>): void {
    const running = task(this.signal)
      .catch((error: unknown) => this.#failed.abort(error))
      .finally(() => this.#tasks.delete(running));
    this.#tasks.add(running);
  }

  /** Once every task has stopped: rejects with the first failure, or the outer signal's reason. */
  async join(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
    this.signal.throwIfAborted();
  }
}
