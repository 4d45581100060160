import type { IdRange, WindowFrontier } from '../../model/frontier.ts';
import type { TimeWindow } from '../../model/positions.ts';
import { least, most, SearchRanges } from './search-ranges.ts';

interface FoundPage {
  readonly from: bigint;
  readonly to: bigint;
  /** Records of it that are to be read, and are not staged yet. */
  unstaged: number;
}

/** A window under work: the ids that its searches have not reached, and those that were found and are not staged. */
export class SearchWindow {
  readonly window: TimeWindow;
  readonly unread: SearchRanges;
  readonly #found = new Set<FoundPage>();

  constructor({ from, to, ranges }: WindowFrontier) {
    this.window = { from, to };
    this.unread = new SearchRanges(ranges);
  }

  frontier(): WindowFrontier {
    const found = [...this.#found].map(({ from, to }) => ({ from: String(from), to: String(to) }));
    return { ...this.window, ranges: joinRanges([...this.unread.toRanges(), ...found]) };
  }

  /** Keeps a page's ids in the frontier until the function returned was called for each of those that are `wanted`. */
  hold(ids: readonly bigint[], { wanted }: { readonly wanted: number }): () => void {
    if (wanted === 0) return () => {};
    const page: FoundPage = { from: least(ids), to: most(ids) + 1n, unstaged: wanted };
    this.#found.add(page);
    return () => {
      page.unstaged--;
      if (page.unstaged === 0) this.#found.delete(page);
    };
  }
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
