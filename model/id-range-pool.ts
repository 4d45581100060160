import type { IdRange } from './frontier.ts';

/** A range under work; changes while its cursor reads, since another cursor may take its far part. */
export interface OpenRange {
  from: bigint;
  /** Exclusive; null means no upper end. */
  to: bigint | null;
  /** Whether a cursor holds it. */
  isClaimed: boolean;
  /** Ids between two records on the last page, the only clue to how many are left; null before the first page. */
  spacing: number | null;
}

/** A page that began at its range's `from`, reduced to what range arithmetic needs. */
export interface PageBounds {
  /** Null for a page without records. */
  readonly ids: { readonly first: bigint; readonly last: bigint; readonly count: number } | null;
  /** Where the next page begins; null at the end of the list. */
  readonly next: bigint | null;
}

/**
 * Where a read begins: all ids there are, and all that are given out meanwhile. Cursors part it among themselves by what
 * they find, which takes fewer requests than parting it beforehand: ids say nothing of where records lie.
 */
export const allIds: IdRange = { from: '0', to: null };

/** A range is not split for less than this many records: a split costs half a request, and its reader a few more. */
const minSplitRecords = 400;

/**
 * How far ahead of a cursor a split is made at most, in records at the cursor's own density. Ids come in dense blocks
 * with gaps of ten orders of magnitude between; halving by width alone would spend some thirty requests on each gap.
 */
const maxRecordsAhead = 50_000;

/**
 * The ids still unread, as disjoint ranges that cursors claim, advance and steal from one another. Whatever the order of
 * calls, the ranges together cover exactly the ids not yet advanced past. No I/O and no clock.
 */
export class IdRangePool {
  readonly #ranges = new Set<OpenRange>();

  constructor(ranges: readonly IdRange[]) {
    for (const { from, to } of ranges) {
      this.#ranges.add({ from: BigInt(from), to: to === null ? null : BigInt(to), isClaimed: false, spacing: null });
    }
  }

  get isEmpty(): boolean {
    return this.#ranges.size === 0;
  }

  /** An unclaimed range, else the far part of the range with most left, else null. The caller holds it until `release`. */
  claim(): OpenRange | null {
    let victim: OpenRange | null = null;
    let most = minSplitRecords;
    for (const range of this.#ranges) {
      if (!range.isClaimed) {
        range.isClaimed = true;
        return range;
      }
      const left = recordsLeft(range);
      if (left !== null && left >= most) {
        most = left;
        victim = range;
      }
    }
    if (victim === null) return null;
    const at = splitPoint(victim);
    const stolen: OpenRange = { from: at, to: victim.to, isClaimed: true, spacing: null };
    victim.to = at;
    this.#ranges.add(stolen);
    return stolen;
  }

  /** Whether an id of a page is the range's own, and not beyond an end that another cursor may just have moved. */
  owns(range: OpenRange, id: bigint): boolean {
    return id >= range.from && (range.to === null || id < range.to);
  }

  /** Moves a claimed range past a page whose records below `to` are staged. False when nothing of it is left. */
  advance(range: OpenRange, page: PageBounds): boolean {
    if (page.next === null || (range.to !== null && page.next >= range.to)) {
      this.#ranges.delete(range);
      return false;
    }
    range.from = page.next;
    const { ids } = page;
    if (ids !== null && ids.count > 1) range.spacing = Math.max(1, Number(ids.last - ids.first) / (ids.count - 1));
    return true;
  }

  /** Gives a range back unfinished. */
  release(range: OpenRange): void {
    range.isClaimed = false;
  }

  /** What is unread, in id order. */
  toRanges(): IdRange[] {
    return [...this.#ranges]
      .sort((a, b) => (a.from < b.from ? -1 : 1))
      .map(({ from, to }) => ({ from: String(from), to: to === null ? null : String(to) }));
  }
}

function recordsLeft({ from, to, spacing }: OpenRange): number | null {
  if (spacing === null) return null;
  return to === null ? Number.POSITIVE_INFINITY : Number(to - from) / spacing;
}

function splitPoint({ from, to, spacing }: OpenRange): bigint {
  const ahead = from + BigInt(Math.ceil(maxRecordsAhead * (spacing ?? 1)));
  if (to === null) return ahead;
  const middle = from + (to - from) / 2n;
  return middle < ahead ? middle : ahead;
}
