import type { Frontier } from '../../model/frontier.ts';
import type { Chunk } from './chunk.ts';
import { pageSize, type PageReader } from './page-reader.ts';

/** Reads named records by batch read. Those that no longer exist are passed over. */
export class IdList {
  readonly #reader: PageReader;
  readonly #chunk: Chunk;
  #ids: readonly string[];

  constructor(options: { ids: readonly string[]; reader: PageReader; chunk: Chunk }) {
    this.#ids = options.ids;
    this.#reader = options.reader;
    this.#chunk = options.chunk;
  }

  frontier(): Frontier {
    return { kind: 'ids', ids: this.#ids };
  }

  async read(signal: AbortSignal): Promise<void> {
    while (this.#ids.length > 0 && this.#chunk.hasRoom) {
      const page = await this.#reader.readRecords(this.#ids.slice(0, pageSize), signal);
      await this.#chunk.write(page.records, page);
      this.#ids = this.#ids.slice(pageSize);
    }
  }
}
