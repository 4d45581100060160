import type { Frontier, IdRange } from '../../model/frontier.ts';
import { IdRangePool, type OpenRange, type PageBounds } from '../../model/id-range-pool.ts';
import { RequestRefused } from './api.ts';
import type { Chunk } from './chunk.ts';
import { pageSize, type PageReader, type RecordPage } from './page-reader.ts';
import type { HubSpotRecord } from './record-row.ts';

/**
 * Cursors at work at once. At 19 requests a second and 350 ms a page seven would keep up; the rest make up for slots
 * that fall free in bursts.
 */
export const cursorCount = 16;

/**
 * Raised when the list is not what parallel reading rests on: ids ascending, and `after` the id where the next page
 * begins (documented for custom objects, the same wherever observed). One cursor then reads the stream in list order.
 */
export class ListContractBroken extends Error {}

/**
 * Reads disjoint id ranges by parallel cursors until the chunk is full or nothing is left. `frontier()` is right at any
 * moment, in spite of failures and aborts too: a range moves only past records that are staged.
 */
export class ParallelList {
  readonly #pool: IdRangePool;
  readonly #reader: PageReader;
  readonly #chunk: Chunk;
  /** Highest id of any page so far; -1 before the first. */
  #highestSeen = -1n;
  #changed = Promise.withResolvers<void>();
  #working = 0;

  constructor(options: { ranges: readonly IdRange[]; reader: PageReader; chunk: Chunk }) {
    this.#pool = new IdRangePool(options.ranges);
    this.#reader = options.reader;
    this.#chunk = options.chunk;
  }

  frontier(): Frontier {
    return { kind: 'idRanges', ranges: this.#pool.toRanges() };
  }

  /** Rejects with the first error of any cursor, or the signal's reason, once all cursors have stopped. */
  async read(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const runCursor = async (): Promise<void> => {
      try {
        await this.#runCursor(either);
      } catch (error) {
        failed.abort(error);
      }
    };
    await Promise.all(Array.from({ length: cursorCount }, runCursor));
    either.throwIfAborted();
  }

  async #runCursor(signal: AbortSignal): Promise<void> {
    while (!this.#pool.isEmpty && this.#chunk.hasRoom) {
      const range = this.#pool.claim();
      if (range !== null) await this.#readRange(range, signal);
      else if (this.#working > 0) await this.#changed.promise;
      else return;
    }
  }

  async #readRange(range: OpenRange, signal: AbortSignal): Promise<void> {
    this.#working++;
    try {
      let isUnfinished = true;
      while (isUnfinished && this.#chunk.reserve(pageSize)) {
        try {
          isUnfinished = await this.#readOnePage(range, signal);
        } finally {
          this.#chunk.release(pageSize);
          this.#announce();
        }
      }
    } finally {
      this.#pool.release(range);
      this.#working--;
      this.#announce();
    }
  }

  async #readOnePage(range: OpenRange, signal: AbortSignal): Promise<boolean> {
    let page = await this.#readPage(range.from, signal);
    if (this.#endsTooSoon(page)) page = await this.#readPage(range.from, signal);
    const bounds = pageBounds(page, range.from);
    if (bounds.ids !== null && bounds.ids.last > this.#highestSeen) this.#highestSeen = bounds.ids.last;
    const own = page.records.filter((record) => this.#pool.owns(range, idOf(record)));
    await this.#chunk.write(own, page);
    return this.#pool.advance(range, bounds);
  }

  /**
   * Whether a page says that the list ends where it may not: before records seen a moment ago, or with nothing at all. An
   * answer gone wrong would lose all that follows, so it is asked for once more; the second is believed, since records may
   * have been archived meanwhile, and a cursor may have started beyond the last of them.
   */
  #endsTooSoon({ after, ids }: RecordPage): boolean {
    if (after !== null) return false;
    const last = ids.at(-1);
    return last === undefined || (idPattern.test(last) && BigInt(last) < this.#highestSeen);
  }

  /**
   * A list that does not take an id as `after` says so by a 400, and says it again: one such answer alone must not turn
   * sixteen cursors into one. A refusal with another cause meets the single cursor too.
   */
  async #readPage(from: bigint, signal: AbortSignal): Promise<RecordPage> {
    const request = { after: String(from), limit: pageSize, signal };
    try {
      return await this.#reader.readPage(request);
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
    }
    try {
      return await this.#reader.readPage(request);
    } catch (error) {
      if (error instanceof RequestRefused) throw new ListContractBroken('`after` may not be an id');
      throw error;
    }
  }

  /** Wakes cursors that found nothing to claim: a page may have made a range worth splitting. */
  #announce(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

const idPattern = /^\d{1,25}$/;

function idOf({ id }: HubSpotRecord): bigint {
  const text = String(id);
  if (!idPattern.test(text)) throw new ListContractBroken('a record id is not a number');
  return BigInt(text);
}

/** Checks the list's contract on one page. */
function pageBounds(page: RecordPage, from: bigint): PageBounds {
  let last = from - 1n;
  for (const text of page.ids) {
    if (!idPattern.test(text)) throw new ListContractBroken('a record id is not a number');
    const id = BigInt(text);
    if (id <= last) throw new ListContractBroken('ids do not ascend');
    last = id;
  }
  if (page.after !== null && (!idPattern.test(page.after) || BigInt(page.after) <= last)) {
    throw new ListContractBroken('`after` is not the id of the next record');
  }
  const [firstId] = page.ids;
  return {
    ids: firstId === undefined ? null : { first: BigInt(firstId), last, count: page.ids.length },
    next: page.after === null ? null : BigInt(page.after),
  };
}
