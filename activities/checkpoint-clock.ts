/** What a killed worker loses of a chunk at most, and that much more for what is on its way. */
const intervalMs = 5_000;

/** Below this many records, reading them again costs less than resting for them. */
const fewestRecords = 2_000;

/** Says when a chunk that is being read is worth a checkpoint. */
export class CheckpointClock {
  readonly #now: () => number;
  #lastMs: number;
  #lastRecords = 0;

  /** `now` in ms, from any origin. */
  constructor(now: () => number) {
    this.#now = now;
    this.#lastMs = now();
  }

  /** `records` are all that this reading has staged. */
  isDue(records: number): boolean {
    return records - this.#lastRecords >= fewestRecords && this.#now() - this.#lastMs >= intervalMs;
  }

  reset(records: number): void {
    this.#lastMs = this.#now();
    this.#lastRecords = records;
  }
}
