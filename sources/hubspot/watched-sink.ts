import type { StageSink } from '../../model/source.ts';

/** A sink that remembers the first write that failed: what is staged is then unknown, and may not be handed on. */
export class WatchedSink implements StageSink {
  readonly #sink: StageSink;
  failure: { readonly error: unknown } | null = null;

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
      this.failure ??= { error };
      throw error;
    }
  }
}
