import { pageSize } from './page-reader.ts';
import type { TaskGroup } from './task-group.ts';

/** At 19 requests a second and 350 ms an answer seven keep up. */
const maxInFlight = 8;

export interface WantedRecord {
  readonly id: string;
  /** Called once the record is staged, or known to be gone. */
  readonly settled: () => void;
}

/** Collects ids into full batches and has several read at once, as tasks of a group. */
export class IdBatches {
  readonly #group: TaskGroup;
  readonly #stage: (ids: readonly string[], signal: AbortSignal) => Promise<void>;
  #waiting: WantedRecord[] = [];
  #inFlight = 0;
  #changed = Promise.withResolvers<void>();

  /** `stage` reads and stages at most 100 records. */
  constructor(options: { group: TaskGroup; stage: (ids: readonly string[], signal: AbortSignal) => Promise<void> }) {
    this.#group = options.group;
    this.#stage = options.stage;
  }

  /** Returns when there is room for more. Less than a batch waits for further ids, or for `flush`. */
  async add(wanted: readonly WantedRecord[]): Promise<void> {
    this.#waiting.push(...wanted);
    while (this.#waiting.length >= pageSize) {
      this.#group.signal.throwIfAborted();
      if (this.#inFlight < maxInFlight) this.#start();
      else await this.#changed.promise;
    }
  }

  /** Starts the last batch, full or not. */
  flush(): void {
    while (this.#waiting.length > 0) this.#start();
  }

  #start(): void {
    const batch = this.#waiting.slice(0, pageSize);
    this.#waiting = this.#waiting.slice(pageSize);
    this.#inFlight++;
    this.#group.run(async (signal) => {
      try {
        await this.#stage(
          batch.map(({ id }) => id),
          signal,
        );
        for (const { settled } of batch) settled();
      } finally {
        this.#inFlight--;
        this.#changed.resolve();
        this.#changed = Promise.withResolvers();
      }
    });
  }
}
