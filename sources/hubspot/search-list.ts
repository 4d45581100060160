import type { IdRange, WindowFrontier } from '../../model/frontier.ts';
import type { Chunk } from './chunk.ts';
import { IdBatches, type WantedRecord } from './id-batches.ts';
import type { NamedRecords } from './named-records.ts';
import { RangeCursors } from './range-cursors.ts';
import type { SearchPage, SearchPages } from './search-pages.ts';
import {
  least,
  most,
  searchPageSize,
  SearchRanges,
  type Asked,
  type Claim,
  type FoundIds,
  type Side,
} from './search-ranges.ts';
import { searchLimit } from './request-budget.ts';
import { TaskGroup } from './task-group.ts';

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
  readonly unread: SearchRanges;
  /** Pages that were found and are not staged yet. */
  readonly found: Set<FoundPage>;
}

interface FoundPage {
  readonly from: bigint;
  readonly to: bigint;
  /** Records of it that are not staged. */
  unstaged: number;
}

interface WindowClaim {
  readonly open: OpenWindow;
  readonly claim: Claim;
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
  readonly #cursorsOfUse: () => number;
  #claims = 0;
  /** First pages of ranges, read to know how many hits there are. */
  readonly #firstPages = new Map<Claim['range'], SearchPage>();

  constructor(options: {
    windows: readonly WindowFrontier[];
    pages: SearchPages;
    records: NamedRecords;
    chunk: Chunk;
    isKnown: (id: string, version: string) => boolean;
    maxHits: number | null;
    /** Cursors that are of use at the moment. */
    cursorsOfUse: () => number;
  }) {
    this.#windows = options.windows.map((window) => ({
      window,
      unread: new SearchRanges(window.ranges),
      found: new Set(),
    }));
    this.#pages = options.pages;
    this.#records = options.records;
    this.#chunk = options.chunk;
    this.#isKnown = options.isKnown;
    this.#maxHits = options.maxHits;
    this.#cursorsOfUse = options.cursorsOfUse;
  }

  windows(): WindowFrontier[] {
    return this.#windows.map(({ window: { from, to }, unread, found }) => ({
      from,
      to,
      ranges: joinRanges([...unread.toRanges(), ...[...found].map(toRange)]),
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
    const cursors = new RangeCursors<WindowClaim>({
      isOver: () => this.#windows.every(({ unread }) => unread.isEmpty) || !this.#chunk.hasRoom,
      claim: () => (this.#claims < this.#cursorsOfUse() ? this.#claim() : null),
      readPage: (claimed, stop) => this.#readPage(claimed, batches, stop),
      release: (claimed) => this.#release(claimed),
    });
    let working = searchLimit;
    for (let i = 0; i < searchLimit; i++) {
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
    const claimed: WindowClaim[] = [];
    for (let next = this.#claim(); next !== null; next = this.#claim()) claimed.push(next);
    for (const { open, claim } of claimed) {
      group.run(async (stop) => {
        this.#firstPages.set(claim.range, await this.#search(open, { ...claim.range, side: claim.side }, stop));
      });
    }
    await group.join();
    for (const each of claimed) this.#release(each);
    return [...this.#firstPages.values()].reduce((sum, { total }) => sum + total, 0);
  }

  #claim(): WindowClaim | null {
    for (const open of this.#windows) {
      const claim = open.unread.claim();
      if (claim === null) continue;
      this.#claims++;
      return { open, claim };
    }
    return null;
  }

  #release({ open, claim }: WindowClaim): void {
    this.#claims--;
    open.unread.release(claim);
  }

  async #readPage({ open, claim }: WindowClaim, batches: IdBatches, signal: AbortSignal): Promise<boolean> {
    const asked = open.unread.ask(claim);
    if (asked === null || !this.#chunk.reserve(searchPageSize)) return false;
    let wanted: WantedRecord[];
    try {
      const { side, range } = claim;
      const page = this.#firstPages.get(range) ?? (await this.#search(open, { ...asked, side }, signal));
      this.#firstPages.delete(range);
      wanted = this.#take(open, open.unread.advance(claim, asked, found(page)), page);
    } finally {
      this.#chunk.release(searchPageSize);
    }
    await batches.add(wanted);
    return true;
  }

  /** Notes what of a page is to be read. Nothing may come between the move of the range and this. */
  #take({ found }: OpenWindow, own: readonly bigint[], { hits }: SearchPage): WantedRecord[] {
    const versions = new Map(hits.map(({ id, version }) => [id, version]));
    const isNews = (id: bigint): boolean => {
      const version = versions.get(id) ?? null;
      return version === null || !this.#isKnown(String(id), version);
    };
    const news = own.filter(isNews);
    this.#chunk.knownRecords += own.length - news.length;
    if (news.length === 0) return [];
    const page: FoundPage = { from: least(own), to: most(own) + 1n, unstaged: news.length };
    found.add(page);
    this.#chunk.expect(news.length);
    const settled = (): void => {
      page.unstaged--;
      if (page.unstaged === 0) found.delete(page);
      this.#chunk.release(1);
    };
    return news.map((id) => ({ id: String(id), settled }));
  }

  /** An answer that is short of what it counts itself is asked for once more, and then believed. */
  async #search({ window }: OpenWindow, asked: Asked & { side: Side }, signal: AbortSignal): Promise<SearchPage> {
    const page = await this.#pages.readPage(window, asked, signal);
    return page.isLast && page.hits.length < page.total ? this.#pages.readPage(window, asked, signal) : page;
  }
}

function found({ hits, total, isLast }: SearchPage): FoundIds {
  return { ids: hits.map(({ id }) => id), total, isLast };
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
