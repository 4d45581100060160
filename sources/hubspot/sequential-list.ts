import { SyncError } from '../../model/errors.ts';
import type { Frontier } from '../../model/frontier.ts';
import type { Chunk } from './chunk.ts';
import { pageSize, type PageReader } from './page-reader.ts';

type PagesFrontier = Extract<Frontier, { kind: 'pages' }>;

/**
 * Reads the list from its start with one cursor, by the list's own token: for "the first N", and where the list does not
 * keep the contract that parallel reading rests on.
 */
export class SequentialList {
  readonly #reader: PageReader;
  readonly #chunk: Chunk;
  /** Of this chunk's pages: a circle must not be read for ever. */
  readonly #tokens = new Set<string>();
  #frontier: PagesFrontier;

  constructor(options: { frontier: PagesFrontier; reader: PageReader; chunk: Chunk }) {
    this.#frontier = options.frontier;
    if (options.frontier.after !== null) this.#tokens.add(options.frontier.after);
    this.#reader = options.reader;
    this.#chunk = options.chunk;
  }

  frontier(): Frontier {
    return this.#frontier;
  }

  async read(signal: AbortSignal): Promise<void> {
    for (;;) {
      const { after, remaining, done } = this.#frontier;
      const limit = Math.min(pageSize, remaining ?? pageSize);
      if (done || limit === 0 || !this.#chunk.reserve(limit)) return;
      try {
        const page = await this.#reader.readPage({ after, limit, signal });
        if (page.after !== null && this.#tokens.has(page.after)) {
          throw new SyncError('Unavailable', 'HubSpot list: its pages lead in a circle');
        }
        if (page.after !== null) this.#tokens.add(page.after);
        await this.#chunk.write(page.records, page);
        this.#frontier = {
          kind: 'pages',
          after: page.after,
          done: page.after === null,
          remaining: remaining === null ? null : Math.max(0, remaining - page.records.length),
        };
      } finally {
        this.#chunk.release(limit);
      }
    }
  }
}
