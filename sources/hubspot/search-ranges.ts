import type { IdRange } from '../../model/frontier.ts';

/** HubSpot's maximum for search. */
export const searchPageSize = 200;

/** A range is split for a third cursor from so many records on: it costs about half a page. */
const minSplitRecords = 5 * searchPageSize;

export type Side = 'low' | 'high';

/** A cursor's hold on one end of a range. */
export interface Claim {
  readonly side: Side;
  /** Another, once the range was split below this end. */
  range: OpenRange;
  /** Whether a page was asked for that has not come yet. */
  isAsking: boolean;
}

interface OpenRange {
  from: bigint;
  /** Exclusive; null means no upper end. */
  to: bigint | null;
  /** Records in it, as far as pages told; null before the first. */
  left: number | null;
  /** Ids between two records of the page read last. */
  spacing: number;
  readonly claims: Map<Side, Claim>;
}

/** What a page was asked of: the ids of a range as it was then. */
export interface Asked {
  readonly from: bigint;
  readonly to: bigint | null;
}

export interface FoundIds {
  /** The lowest of what was asked, or the highest, by the claim's side; in any order. */
  readonly ids: readonly bigint[];
  /** How many there were in all. */
  readonly total: number;
  readonly isLast: boolean;
}

/**
 * The ids that a search has not read, as disjoint ranges. Two cursors read a range from its two ends until they meet, which
 * takes not one request more than a single cursor would, wherever the records lie: each page tells how many are left. Only
 * a third cursor splits a range. Whatever the order of calls, the ranges together cover the ids not yet advanced past. No
 * I/O and no clock.
 */
export class SearchRanges {
  readonly #ranges = new Set<OpenRange>();

  constructor(ranges: readonly IdRange[]) {
    for (const { from, to } of ranges) this.#open({ from: BigInt(from), to: to === null ? null : BigInt(to) });
  }

  get isEmpty(): boolean {
    return this.#ranges.size === 0;
  }

  /** The low end of a range that nobody reads, else a free end where pages under way do not suffice, else null. */
  claim(): Claim | null {
    const ranges = [...this.#ranges];
    const unread = ranges.find(({ claims }) => claims.size === 0);
    if (unread !== undefined) return hold(unread, 'low');
    const [fullest] = ranges.filter(hasPageToSpare).sort((a, b) => unasked(b) - unasked(a));
    if (fullest === undefined) return null;
    if (fullest.claims.size === 1) return hold(fullest, fullest.claims.has('low') ? 'high' : 'low');
    return unasked(fullest) < minSplitRecords ? null : this.#split(fullest);
  }

  /** Null where pages under way are enough for what is left; else to be followed by `advance` or `release`. */
  ask(claim: Claim): Asked | null {
    const { range } = claim;
    if (!this.#ranges.has(range) || (pagesUnderWay(range) > 0 && !hasPageToSpare(range))) return null;
    claim.isAsking = true;
    return { from: range.from, to: range.to };
  }

  /** Moves the claimed end past what was found, and returns the ids that no other page has brought. */
  advance(claim: Claim, asked: Asked, { ids, total, isLast }: FoundIds): bigint[] {
    const { range, side } = claim;
    claim.isAsking = false;
    if (!this.#ranges.has(range)) return [];
    const isWhole = range.from === asked.from && range.to === asked.to;
    const own = ids.filter((id) => id >= range.from && (range.to === null || id < range.to));
    if (isLast) {
      this.#ranges.delete(range);
      return own;
    }
    const [first, last] = [least(ids), most(ids)];
    if (isWhole) range.left = total;
    if (range.left !== null) range.left -= own.length;
    range.spacing = Math.max(1, Number(last - first) / ids.length);
    if (side === 'low') range.from = last + 1n;
    else if (range.to === null || first < range.to) range.to = first;
    if (range.to !== null && range.from >= range.to) this.#ranges.delete(range);
    return own;
  }

  /** Gives an end back, read through or not. */
  release(claim: Claim): void {
    claim.range.claims.delete(claim.side);
  }

  toRanges(): IdRange[] {
    return [...this.#ranges].map(({ from, to }) => ({ from: String(from), to: to === null ? null : String(to) }));
  }

  #open(ends: Asked): OpenRange {
    const range = { ...ends, left: null, spacing: 1, claims: new Map<Side, Claim>() };
    this.#ranges.add(range);
    return range;
  }

  /** Cuts a range at about the middle of its records: its high cursor goes on in the upper half, and a new one begins there. */
  #split(range: OpenRange): Claim {
    const left = (range.left ?? 0) / 2;
    const ahead = range.from + BigInt(Math.ceil(left * range.spacing));
    const middle = range.to === null ? ahead : range.from + (range.to - range.from) / 2n;
    const at = middle < ahead ? middle : ahead;
    const upper = this.#open({ from: at, to: range.to });
    range.to = at;
    range.left = left;
    upper.left = left;
    upper.spacing = range.spacing;
    const high = range.claims.get('high');
    if (high !== undefined) {
      range.claims.delete('high');
      high.range = upper;
      upper.claims.set('high', high);
    }
    return hold(upper, 'low');
  }
}

export function least(ids: readonly bigint[]): bigint {
  return ids.reduce((a, b) => (b < a ? b : a));
}

export function most(ids: readonly bigint[]): bigint {
  return ids.reduce((a, b) => (b > a ? b : a));
}

function hold(range: OpenRange, side: Side): Claim {
  const claim = { side, range, isAsking: false };
  range.claims.set(side, claim);
  return claim;
}

/**
 * Whether another page is worth asking for beside those under way. Not the last full one: two pages that meet without an
 * overlap leave a gap, which a third would have to show empty, while the last page alone shows that nothing follows.
 */
function hasPageToSpare(range: OpenRange): boolean {
  const records = unasked(range);
  return records > 0 && (records !== searchPageSize || pagesUnderWay(range) === 0);
}

/** Records that no page under way will bring; 0 while they were not counted. */
function unasked(range: OpenRange): number {
  return range.left === null ? 0 : range.left - pagesUnderWay(range) * searchPageSize;
}

function pagesUnderWay({ claims }: OpenRange): number {
  return [...claims.values()].filter(({ isAsking }) => isAsking).length;
}
