import { CancellationScope } from '@temporalio/workflow';

/** One step at a time that a signal may interrupt without cancelling the run. */
export class Interruptible {
  #scope: CancellationScope | null = null;

  get isRunning(): boolean {
    return this.#scope !== null;
  }

  interrupt(): void {
    this.#scope?.cancel();
  }

  /**
   * Runs a step to its end. Null where it was interrupted and ended without a result: as cancelled, or in any other way,
   * since an attempt whose worker is dead ends as a timeout and is not tried again once it was told to stop.
   */
  async run<T>(step: () => Promise<T>): Promise<T | null> {
    const scope = new CancellationScope();
    const isRunCancelled = (): boolean => scope.parent?.consideredCancelled ?? false;
    this.#scope = scope;
    try {
      return await scope.run(step);
    } catch (error) {
      if (!scope.consideredCancelled || isRunCancelled()) throw error;
      return null;
    } finally {
      this.#scope = null;
    }
  }
}
