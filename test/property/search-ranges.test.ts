import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IdRange } from '../../model/frontier.ts';
import { allIds } from '../../model/id-range-pool.ts';
import {
  searchPageSize,
  SearchRanges,
  type Asked,
  type Claim,
  type FoundIds,
} from '../../sources/hubspot/search-ranges.ts';

/** Ids in dense blocks with huge gaps, ascending. */
const sourceIds = fc
  .array(
    fc.record({
      start: fc.oneof(
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: 900 }).map((n) => n * 1_000_000_000),
      ),
      count: fc.integer({ min: 1, max: 900 }),
      step: fc.integer({ min: 1, max: 9 }),
    }),
    { maxLength: 5 },
  )
  .map((blocks) => {
    const ids = blocks.flatMap(({ start, count, step }) => Array.from({ length: count }, (_, i) => start + i * step));
    return [...new Set(ids)].sort((a, b) => a - b).map(BigInt);
  });

function searchPage(ids: readonly bigint[], { from, to }: Asked, side: Claim['side']): FoundIds {
  const matching = ids.filter((id) => id >= from && (to === null || id < to));
  const page = side === 'low' ? matching.slice(0, searchPageSize) : matching.slice(-searchPageSize);
  return { ids: page.toReversed(), total: matching.length, isLast: page.length === matching.length };
}

interface PageUnderWay {
  readonly claim: Claim;
  readonly asked: Asked;
  readonly page: FoundIds;
}

/** Cursors whose pages come back in whatever order `choices` says; a seventh of the cursors stop after a page. */
function readAll(
  ids: readonly bigint[],
  ranges: SearchRanges,
  { cursors, choices }: { cursors: number; choices: readonly number[] },
) {
  const read: bigint[] = [];
  const underWay: PageUnderWay[] = [];
  let requests = 0;
  const ask = (claim: Claim): boolean => {
    const asked = ranges.ask(claim);
    if (asked === null) return false;
    requests += 1;
    underWay.push({ claim, asked, page: searchPage(ids, asked, claim.side) });
    return true;
  };
  for (let step = 0; !ranges.isEmpty; step++) {
    if (step > 5_000) throw new Error('does not terminate');
    const choice = choices[step % choices.length]!;
    while (underWay.length < cursors) {
      const claim = ranges.claim();
      if (claim === null) break;
      if (!ask(claim)) throw new Error('a claim without a page to ask for');
    }
    const [next] = underWay.splice(choice % underWay.length, 1);
    if (next === undefined) throw new Error('nothing under way although ids are left');
    read.push(...ranges.advance(next.claim, next.asked, next.page));
    if (choice % 7 === 0 || !ask(next.claim)) ranges.release(next.claim);
  }
  return { read: read.sort((a, b) => (a < b ? -1 : 1)), requests };
}

const choices = fc.array(fc.nat(), { minLength: 1, maxLength: 50 }).map((some) => [...some, 1]);

describe('SearchRanges', () => {
  it('reads every id exactly once, however cursors meet, split and stop', () => {
    fc.assert(
      fc.property(sourceIds, fc.integer({ min: 1, max: 5 }), choices, (ids, cursors, order) => {
        expect(readAll(ids, new SearchRanges([allIds]), { cursors, choices: order }).read).toEqual(ids);
      }),
    );
  });

  it('takes no more pages by two cursors than the records fill', () => {
    fc.assert(
      fc.property(sourceIds, fc.integer({ min: 1, max: 2 }), choices, (ids, cursors, order) => {
        const steady = order.map((choice) => (choice % 7 === 0 ? choice + 1 : choice));
        const { requests } = readAll(ids, new SearchRanges([allIds]), { cursors, choices: steady });
        expect(requests).toBe(Math.max(1, Math.ceil(ids.length / searchPageSize)));
      }),
    );
  });

  it('an interrupted read goes on from its ranges as if uninterrupted', () => {
    fc.assert(
      fc.property(sourceIds, fc.nat({ max: 12 }), choices, (ids, stopAfter, order) => {
        const ranges = new SearchRanges([allIds]);
        const first: bigint[] = [];
        const claims = [1, 2, 3].flatMap(() => ranges.claim() ?? []);
        for (let i = 0; i < stopAfter && !ranges.isEmpty; i++) {
          const claim = claims[i % claims.length]!;
          const asked = ranges.ask(claim);
          if (asked !== null) first.push(...ranges.advance(claim, asked, searchPage(ids, asked, claim.side)));
          if (i % 3 === 0) claims.push(...[ranges.claim()].filter((more) => more !== null));
        }
        const rest = JSON.parse(JSON.stringify(ranges.toRanges())) as IdRange[];
        const { read } = readAll(ids, new SearchRanges(rest), { cursors: 3, choices: order });
        expect([...first, ...read].sort((a, b) => (a < b ? -1 : 1))).toEqual(ids);
      }),
    );
  });

  it('keeps what a record that leaves the search meanwhile would shift', () => {
    const ids = Array.from({ length: 1_000 }, (_, i) => BigInt(i + 1));
    const ranges = new SearchRanges([allIds]);
    const low = ranges.claim()!;
    const asked = ranges.ask(low)!;
    ranges.advance(low, asked, searchPage(ids, asked, 'low'));
    const gone = new Set([3n, 300n, 999n]);
    const rest = readAll(
      ids.filter((id) => !gone.has(id)),
      ranges,
      { cursors: 2, choices: [1] },
    );
    expect(rest.read).toEqual(ids.slice(200).filter((id) => !gone.has(id)));
  });
});
