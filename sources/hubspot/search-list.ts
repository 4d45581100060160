import type { IdRange, WindowFrontier } from '../../model/frontier.ts';
import { IdRangePool, type OpenRange } from '../../model/id-range-pool.ts';
import type { Chunk } from './chunk.ts';
import { IdBatches } from './id-batches.ts';
import type { NamedRecords } from './named-records.ts';
import { RangeCursors } from './range-cursors.ts';
import { searchPageSize, type SearchPage, type SearchPages } from './search-pages.ts';
import { TaskGroup } from './task-group.ts';

/** Five pages: at the limit of searches a cursor more is worth less than the half page that a split costs. */
const minSplitRecords = 5 * searchPageSize;

/** Raised before anything is read. */
export class TooManyHits extends Error {
  readonly hits: number;

  constructor(hits: number) {
    super('the windows hold too many records');
    this.hits = hits;
  }
}

interface OpenWindow {
  readonly window: WindowFrontier;
  readonly pool: IdRangePool;
  /** Pages that were found and are not staged yet. */
  readonly found: Set<FoundPage>;
}

interface FoundPage {
  readonly from: bigint;
  readonly to: bigint;
  /** Records of it that are not staged. */
  unstaged: number;
}

interface ClaimedRange {
  readonly open: OpenWindow;
  readonly range: OpenRange;
}

/**
 * Reads the records of time windows: ids by search, over parallel id ranges, and what they are by batch read beside it.
 * `windows()` is right at any moment: a range moves only past ids whose records are staged, known, or gone.
 */
export class SearchList {
  readonly #windows: readonly OpenWindow[];
  readonly #pages: SearchPages;
  readonly #records: NamedRecords;
  readonly #chunk: Chunk;
  readonly #isKnown: (id: string, version: string) => boolean;
  readonly #maxHits: number | null;
  readonly #cursorCount: number;
  /** First pages of ranges, read to know how many hits there are. */
  readonly #firstPages = new Map<OpenRange, SearchPage>();

  constructor(options: {
    windows: readonly WindowFrontier[];
    pages: SearchPages;
    records: NamedRecords;
    chunk: Chunk;
    isKnown: (id: string, version: string) => boolean;
    maxHits: number | null;
    cursorCount: number;
  }) {
    this.#windows = options.windows.map((window) => ({
      window,
      pool: new IdRangePool(window.ranges, { minSplitRecords }),
      found: new Set(),
    }));
    this.#pages = options.pages;
    this.#records = options.records;
    this.#chunk = options.chunk;
    this.#isKnown = options.isKnown;
    this.#maxHits = options.maxHits;
    this.#cursorCount = options.cursorCount;
  }

  windows(): WindowFrontier[] {
    return this.#windows.map(({ window: { from, to }, pool, found }) => ({
      from,
      to,
      ranges: joinRanges([...pool.toRanges(), ...[...found].map(toRange)]),
    }));
  }

  /** Throws `TooManyHits` before anything is read. */
  async read(signal: AbortSignal): Promise<void> {
    if (this.#maxHits !== null) {
      const hits = await this.#countHits(signal);
      if (hits > this.#maxHits) throw new TooManyHits(hits);
    }
    const group = new TaskGroup(signal);
    const batches = new IdBatches({ group, stage: (ids, stop) => this.#records.stage(ids, stop) });
    const cursors = new RangeCursors<ClaimedRange>({
      isOver: () => this.#windows.every(({ pool }) => pool.isEmpty) || !this.#chunk.hasRoom,
      claim: () => this.#claim(),
      readPage: (claimed, stop) => this.#readPage(claimed, batches, stop),
      release: ({ open, range }) => open.pool.release(range),
    });
    let working = this.#cursorCount;
    for (let i = 0; i < this.#cursorCount; i++) {
      group.run(async (stop) => {
        await cursors.run(stop);
        if (--working === 0) batches.flush();
      });
    }
    await group.join();
  }

  /** Keeps the pages it takes: they are not asked for again. */
  async #countHits(signal: AbortSignal): Promise<number> {
    const group = new TaskGroup(signal);
    const claimed: ClaimedRange[] = [];
    for (let next = this.#claim(); next !== null; next = this.#claim()) claimed.push(next);
    for (const { open, range } of claimed) {
      group.run(async (stop) => {
        this.#firstPages.set(range, await this.#search(open, range, stop));
      });
    }
    await group.join();
    for (const { open, range } of claimed) open.pool.release(range);
    return [...this.#firstPages.values()].reduce((sum, { total }) => sum + total, 0);
  }

  #claim(): ClaimedRange | null {
    for (const open of this.#windows) {
      const range = open.pool.claim();
      if (range !== null) return { open, range };
    }
    return null;
  }

  async #readPage({ open, range }: ClaimedRange, batches: IdBatches, signal: AbortSignal): Promise<boolean> {
    if (!this.#chunk.reserve(searchPageSize)) return false;
    let reserved = searchPageSize;
    try {
      const { from, to } = range;
      const page = this.#firstPages.get(range) ?? (await this.#search(open, range, signal));
      this.#firstPages.delete(range);
      const own = page.hits.filter(({ id }) => open.pool.owns(range, id));
      const news = own.filter(({ id, version }) => version === null || !this.#isKnown(String(id), version));
      this.#chunk.knownRecords += own.length - news.length;
      const goesOn = open.pool.advance(range, pageBounds(page, { isWhole: range.to === to }));
      reserved = news.length;
      this.#chunk.release(searchPageSize - reserved);
      if (news.length === 0) return goesOn;
      const found: FoundPage = { from, to: highest(own) + 1n, unstaged: news.length };
      open.found.add(found);
      reserved = 0;
      await batches.add(news.map(({ id }) => ({ id: String(id), settled: () => this.#settle(open, found) })));
      return goesOn;
    } finally {
      this.#chunk.release(reserved);
    }
  }

  #settle(open: OpenWindow, page: FoundPage): void {
    page.unstaged--;
    if (page.unstaged === 0) open.found.delete(page);
    this.#chunk.release(1);
  }

  /** An answer that is short of what it counts itself is asked for once more, and then believed. */
  async #search({ window }: OpenWindow, { from, to }: OpenRange, signal: AbortSignal): Promise<SearchPage> {
    const page = await this.#pages.readPage(window, { from, to }, signal);
    const isShort = !page.hasNext && page.hits.length < Math.min(page.total, searchPageSize);
    return isShort ? this.#pages.readPage(window, { from, to }, signal) : page;
  }
}

/** `isWhole`: the range was not cut while the page was on its way, so that its count is the range's. */
function pageBounds(
  { hits, total, hasNext }: SearchPage,
  { isWhole }: { isWhole: boolean },
): Parameters<IdRangePool['advance']>[1] {
  if (hits.length === 0) return { ids: null, next: null };
  const last = highest(hits);
  const first = hits.reduce((least, { id }) => (id < least ? id : least), last);
  return {
    ids: { first, last, count: hits.length },
    next: hasNext || hits.length >= searchPageSize ? last + 1n : null,
    left: isWhole ? total - hits.length : null,
  };
}

function highest(hits: SearchPage['hits']): bigint {
  return hits.reduce((most, { id }) => (id > most ? id : most), -1n);
}

function toRange({ from, to }: FoundPage): IdRange {
  return { from: String(from), to: String(to) };
}

/** Disjoint ranges in order, those that touch as one. */
function joinRanges(ranges: readonly IdRange[]): IdRange[] {
  const joined: IdRange[] = [];
  for (const range of ranges.toSorted((a, b) => (BigInt(a.from) < BigInt(b.from) ? -1 : 1))) {
    const last = joined.at(-1);
    if (last !== undefined && last.to === range.from) joined[joined.length - 1] = { from: last.from, to: range.to };
    else joined.push(range);
  }
  return joined;
}
