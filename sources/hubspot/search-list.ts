import type { WindowFrontier } from '../../model/frontier.ts';
import type { Chunk } from './chunk.ts';
import { IdBatches, type WantedRecord } from './id-batches.ts';
import type { NamedRecords } from './named-records.ts';
import { RangeCursors } from './range-cursors.ts';
import { searchLimit } from './request-budget.ts';
import type { SearchPage, SearchPages } from './search-pages.ts';
import { searchPageSize, type Asked, type Claim, type Side } from './search-ranges.ts';
import { SearchWindow } from './search-window.ts';
import { TaskGroup } from './task-group.ts';

/** Raised before anything is read. */
export class TooManyHits extends Error {
  readonly hits: number;

  constructor(hits: number) {
    super('the windows hold too many records');
    this.hits = hits;
  }
}

export interface SearchListOptions {
  readonly windows: readonly WindowFrontier[];
  readonly pages: SearchPages;
  readonly records: NamedRecords;
  readonly chunk: Chunk;
  readonly isKnown: (id: string, version: string) => boolean;
  readonly maxHits: number | null;
  /** How many searches at once are of use at the moment. */
  readonly searchesOfUse: () => number;
}

interface WindowClaim {
  readonly open: SearchWindow;
  readonly claim: Claim;
}

/**
 * Reads the records of time windows: ids by search, from several ends at once, and what they are by batch read beside it.
 * `windows()` is right at any moment: a range moves only past ids whose records are staged, known, or gone.
 */
export class SearchList {
  readonly #options: SearchListOptions;
  readonly #windows: readonly SearchWindow[];
  #claims = 0;
  /** First pages of ranges, read to know how many hits there are. */
  readonly #firstPages = new Map<Claim['range'], SearchPage>();

  constructor(options: SearchListOptions) {
    this.#options = options;
    this.#windows = options.windows.map((window) => new SearchWindow(window));
  }

  windows(): WindowFrontier[] {
    return this.#windows.map((open) => open.frontier());
  }

  /** Throws `TooManyHits` before anything is read. */
  async read(signal: AbortSignal): Promise<void> {
    const { chunk, records, maxHits, searchesOfUse } = this.#options;
    if (maxHits !== null) {
      const hits = await this.#countHits(signal);
      if (hits > maxHits) throw new TooManyHits(hits);
    }
    const group = new TaskGroup(signal);
    const batches = new IdBatches({ group, stage: (ids, stop) => records.stage(ids, stop) });
    const cursors = new RangeCursors<WindowClaim>({
      isOver: () => this.#windows.every(({ unread }) => unread.isEmpty) || !chunk.hasRoom,
      claim: () => (this.#claims < searchesOfUse() ? this.#claim() : null),
      readPage: (claimed, stop) => this.#readPage(claimed, batches, stop),
      release: (claimed) => this.#release(claimed),
    });
    let reading = searchLimit;
    for (let i = 0; i < searchLimit; i++) {
      group.run(async (stop) => {
        await cursors.run(stop);
        if (--reading === 0) batches.flush();
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
      const { side, range } = claim;
      group.run(async (stop) => {
        this.#firstPages.set(range, await this.#search(open, { from: range.from, to: range.to, side }, stop));
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
    const { chunk } = this.#options;
    const asked = open.unread.ask(claim);
    if (asked === null || !chunk.reserve(searchPageSize)) return false;
    let wanted: WantedRecord[];
    try {
      const { side, range } = claim;
      const page = this.#firstPages.get(range) ?? (await this.#search(open, { ...asked, side }, signal));
      this.#firstPages.delete(range);
      const ids = open.unread.advance(claim, asked, { ...page, ids: page.hits.map(({ id }) => id) });
      wanted = this.#wantedOf(open, page, new Set(ids));
    } finally {
      chunk.release(searchPageSize);
    }
    await batches.add(wanted);
    return true;
  }

  /** Of a page's own ids those to be read. Until they are staged they stay in the frontier, which has just moved past them. */
  #wantedOf(open: SearchWindow, { hits }: SearchPage, ids: ReadonlySet<bigint>): WantedRecord[] {
    const { chunk, isKnown } = this.#options;
    const wanted = hits.filter(({ id, version }) => ids.has(id) && (version === null || !isKnown(String(id), version)));
    chunk.knownRecords += ids.size - wanted.length;
    chunk.expect(wanted.length);
    const letGo = open.hold([...ids], { wanted: wanted.length });
    const settled = (): void => {
      letGo();
      chunk.release(1);
    };
    return wanted.map(({ id }) => ({ id: String(id), settled }));
  }

  /** An answer that is short of what it counts itself is asked for once more, and then believed. */
  async #search({ window }: SearchWindow, asked: Asked & { side: Side }, signal: AbortSignal): Promise<SearchPage> {
    const { pages } = this.#options;
    const page = await pages.readPage(window, asked, signal);
    return page.isLast && page.hits.length < page.total ? pages.readPage(window, asked, signal) : page;
  }
}
