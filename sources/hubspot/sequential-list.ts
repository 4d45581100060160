import { SyncError } from '../../model/errors.ts';
import type { Chunk } from './chunk.ts';
import { pageSize } from './page-reader.ts';
import type { RecordList } from './record-list.ts';
import type { Rest } from './resting-points.ts';

/** Where one cursor stands in a list. */
export interface ListPosition {
  readonly after: string | null;
  readonly done: boolean;
  /** Records still wanted; null for all. */
  readonly remaining: number | null;
}

/**
 * Reads the list from its start with one cursor, by the list's own token: for "the first N", and where the list does not
 * keep the contract that parallel reading rests on.
 */
export class SequentialList {
  readonly #list: RecordList;
  readonly #chunk: Chunk;
  readonly #rest: Rest;
  /** Of this chunk's pages: a circle must not be read for ever. */
  readonly #tokens = new Set<string>();
  #position: ListPosition;

  constructor(options: { position: ListPosition; list: RecordList; chunk: Chunk; rest: Rest }) {
    this.#position = options.position;
    if (options.position.after !== null) this.#tokens.add(options.position.after);
    this.#list = options.list;
    this.#chunk = options.chunk;
    this.#rest = options.rest;
  }

  /** What is staged lies before it. */
  position(): ListPosition {
    return this.#position;
  }

  async read(signal: AbortSignal): Promise<void> {
    for (;;) {
      const { after, remaining, done } = this.#position;
      const limit = Math.min(pageSize, remaining ?? pageSize);
      if (done || limit === 0 || !this.#chunk.hasRoom) return;
      while (this.#rest.isDue()) await this.#rest.pass(signal);
      if (!this.#chunk.reserve(limit)) return;
      try {
        const page = await this.#list.readPage({ after, limit, signal });
        if (page.after !== null && this.#tokens.has(page.after)) {
          throw new SyncError('Unavailable', 'HubSpot list: its pages lead in a circle');
        }
        if (page.after !== null) this.#tokens.add(page.after);
        await this.#list.stage(page.records, page);
        this.#position = {
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
