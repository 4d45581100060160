import type { StageSink } from '../../model/source.ts';

/** A sink that remembers a write that failed: what is staged is then unknown, and may not be handed on. */
export class WatchedSink implements StageSink {
  readonly #sink: StageSink;
  hasFailed = false;

  constructor(sink: StageSink) {
    this.#sink = sink;
  }

  records: StageSink['records'] = (rows) => this.#watch(this.#sink.records(rows));

  tombstones: StageSink['tombstones'] = (rows) => this.#watch(this.#sink.tombstones(rows));

  associations: StageSink['associations'] = (table, read) => this.#watch(this.#sink.associations(table, read));

  async #watch(write: Promise<void>): Promise<void> {
    try {
      await write;
    } catch (error) {
      this.hasFailed = true;
      throw error;
    }
  }
}
