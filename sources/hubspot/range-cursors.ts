/** What parallel cursors share: ranges to claim, and how to read on in one. */
export interface RangeWork<Range> {
  /** Nothing is left to claim, now or later, or there is no room for it. */
  isOver(): boolean;
  /** Null while there is nothing to claim. */
  claim(): Range | null;
  /** Reads on; false once the range ends or there is no room. */
  readPage(range: Range, signal: AbortSignal): Promise<boolean>;
  /** Gives back what was claimed, read to its end or not. */
  release(range: Range): void;
}

/** Cursors that claim ranges, read them page by page, and wait for more while others may still leave some. */
export class RangeCursors<Range> {
  readonly #work: RangeWork<Range>;
  #changed = Promise.withResolvers<void>();
  #working = 0;

  constructor(work: RangeWork<Range>) {
    this.#work = work;
  }

  /** One cursor, until nothing is left for it. Rejects with the signal's reason, and with what `readPage` throws. */
  async run(signal: AbortSignal): Promise<void> {
    while (!this.#work.isOver()) {
      signal.throwIfAborted();
      const range = this.#work.claim();
      if (range !== null) await this.#readRange(range, signal);
      else if (this.#working > 0) await this.#changed.promise;
      else return;
    }
  }

  async #readRange(range: Range, signal: AbortSignal): Promise<void> {
    this.#working++;
    try {
      while (await this.#work.readPage(range, signal)) this.#announce();
    } finally {
      this.#work.release(range);
      this.#working--;
      this.#announce();
    }
  }

  /** Wakes cursors that found nothing to claim: a page may have made a range worth splitting. */
  #announce(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
