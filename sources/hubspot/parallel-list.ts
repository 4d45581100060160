import type { IdRange } from '../../model/frontier.ts';
import { IdRangePool, type OpenRange, type PageBounds } from '../../model/id-range-pool.ts';
import { RequestRefused } from './api.ts';
import type { Chunk } from './chunk.ts';
import { pageSize, type RecordPage } from './page-reader.ts';
import { RangeCursors } from './range-cursors.ts';
import type { RecordList } from './record-list.ts';
import type { Rest } from './resting-points.ts';
import type { HubSpotRecord } from './record-row.ts';
import { TaskGroup } from './task-group.ts';

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
 * Reads disjoint id ranges by parallel cursors until the chunk is full or nothing is left. `ranges()` is right at any
 * moment, in spite of failures and aborts too: a range moves only past records that are staged.
 */
export class ParallelList {
  readonly #pool: IdRangePool;
  readonly #list: RecordList;
  readonly #chunk: Chunk;
  readonly #rest: Rest;
  /** Highest id of any page so far; -1 before the first. */
  #highestSeen = -1n;

  constructor(options: { ranges: readonly IdRange[]; list: RecordList; chunk: Chunk; rest: Rest }) {
    this.#pool = new IdRangePool(options.ranges);
    this.#list = options.list;
    this.#chunk = options.chunk;
    this.#rest = options.rest;
  }

  /** What is not staged yet. */
  ranges(): readonly IdRange[] {
    return this.#pool.toRanges();
  }

  /** Rejects with the first error of any cursor, or the signal's reason, once all cursors have stopped. */
  async read(signal: AbortSignal): Promise<void> {
    const cursors = new RangeCursors<OpenRange>({
      isOver: () => this.#pool.isEmpty || !this.#chunk.hasRoom,
      claim: () => this.#pool.claim(),
      readPage: (range, stop) => this.#readWithinRoom(range, stop),
      release: (range) => this.#pool.release(range),
    });
    const group = new TaskGroup(signal);
    for (let i = 0; i < cursorCount; i++) group.run((stop) => cursors.run(stop));
    await group.join();
  }

  async #readWithinRoom(range: OpenRange, signal: AbortSignal): Promise<boolean> {
    if (!this.#chunk.hasRoom) return false;
    // Nothing may come between the last look and the reservation: a page that began beside a checkpoint would not be in it.
    while (this.#rest.isDue()) await this.#rest.pass(signal);
    if (!this.#chunk.reserve(pageSize)) return false;
    try {
      return await this.#readOnePage(range, signal);
    } finally {
      this.#chunk.release(pageSize);
    }
  }

  async #readOnePage(range: OpenRange, signal: AbortSignal): Promise<boolean> {
    let page = await this.#readPage(range.from, signal);
    if (this.#endsTooSoon(page)) page = await this.#readPage(range.from, signal);
    const bounds = pageBounds(page, range.from);
    if (bounds.ids !== null && bounds.ids.last > this.#highestSeen) this.#highestSeen = bounds.ids.last;
    const own = page.records.filter((record) => this.#pool.owns(range, idOf(record)));
    await this.#list.stage(own, page);
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
      return await this.#list.readPage(request);
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
    }
    try {
      return await this.#list.readPage(request);
    } catch (error) {
      if (error instanceof RequestRefused) throw new ListContractBroken('`after` may not be an id');
      throw error;
    }
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
