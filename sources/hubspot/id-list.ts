import type { Chunk } from './chunk.ts';
import { IdBatches } from './id-batches.ts';
import type { NamedRecords } from './named-records.ts';
import { pageSize } from './page-reader.ts';
import { TaskGroup } from './task-group.ts';

/** Reads named records by batch read, several pages at once. */
export class IdList {
  readonly #records: NamedRecords;
  readonly #chunk: Chunk;
  /** In the order given. */
  readonly #remaining: Set<string>;

  constructor(options: { ids: readonly string[]; records: NamedRecords; chunk: Chunk }) {
    this.#remaining = new Set(options.ids);
    this.#records = options.records;
    this.#chunk = options.chunk;
  }

  /** Those not done with yet. */
  ids(): readonly string[] {
    return [...this.#remaining];
  }

  async read(signal: AbortSignal): Promise<void> {
    const group = new TaskGroup(signal);
    const batches = new IdBatches({ group, stage: (ids, stop) => this.#records.stage(ids, stop) });
    group.run(async () => {
      const ids = this.ids();
      for (let from = 0; from < ids.length && this.#chunk.hasRoom; from += pageSize) {
        const page = ids.slice(from, from + pageSize);
        this.#chunk.expect(page.length);
        await batches.add(page.map((id) => ({ id, settled: () => this.#settle(id) })));
      }
      batches.flush();
    });
    await group.join();
  }

  #settle(id: string): void {
    this.#remaining.delete(id);
    this.#chunk.release(1);
  }
}
