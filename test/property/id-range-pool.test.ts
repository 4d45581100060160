import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IdRange } from '../../model/frontier.ts';
import { allIds, IdRangePool, type OpenRange } from '../../model/id-range-pool.ts';

/** Ids in dense blocks with huge gaps, as HubSpot has them. */
const sourceIds = fc
  .array(
    fc.record({
      start: fc.oneof(
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: 900 }).map((n) => n * 1_000_000_000),
      ),
      count: fc.integer({ min: 1, max: 400 }),
      step: fc.integer({ min: 1, max: 9 }),
    }),
    { maxLength: 6 },
  )
  .map((blocks) => {
    const ids = blocks.flatMap(({ start, count, step }) => Array.from({ length: count }, (_, i) => start + i * step));
    return [...new Set(ids)].sort((a, b) => a - b).map(BigInt);
  });

const pageSize = 20;

function listPage(ids: readonly bigint[], after: bigint) {
  const page = ids.filter((id) => id >= after).slice(0, pageSize);
  const last = page.at(-1);
  const isEnd = last === undefined || last === ids.at(-1);
  return {
    page,
    bounds: {
      ids: last === undefined ? null : { first: page[0]!, last, count: page.length },
      next: isEnd ? null : last + 1n,
    },
  };
}

/** Cursors that claim, read and hand back in whatever order `choices` says; a third of the steps end in a hand-back. */
function readAll(ids: readonly bigint[], pool: IdRangePool, choices: readonly number[]): bigint[] {
  const read: bigint[] = [];
  let held: OpenRange[] = [];
  for (let step = 0; !pool.isEmpty; step++) {
    if (step > 50_000) throw new Error('does not terminate');
    const choice = choices[step % choices.length]!;
    const claimed = held.length < 5 && choice % 3 === 0 ? pool.claim() : null;
    if (claimed !== null) held.push(claimed);
    if (held.length === 0) {
      const range = pool.claim();
      if (range === null) throw new Error('nothing to claim although ids are left');
      held.push(range);
    }
    const range = held[choice % held.length]!;
    if (choice % 7 === 0) {
      pool.release(range);
      held = held.filter((other) => other !== range);
      continue;
    }
    const { page, bounds } = listPage(ids, range.from);
    read.push(...page.filter((id) => pool.owns(range, id)));
    if (!pool.advance(range, bounds)) held = held.filter((other) => other !== range);
  }
  return read;
}

/** All ids as `count` ranges of equal width up to `maxId`, and an open one: a frontier as a chunk may leave it. */
function parted(maxId: bigint, count: number): IdRange[] {
  const end = maxId + 1n;
  const starts = Array.from({ length: count }, (_, i) => (end * BigInt(i)) / BigInt(count));
  if (count === 1 || new Set(starts).size < count) return [allIds];
  return [...starts, end].map((from, i, all) => ({ from: String(from), to: i === count ? null : String(all[i + 1]) }));
}

describe('IdRangePool', () => {
  it('reads every id exactly once, however cursors interleave, steal and hand back', () => {
    fc.assert(
      fc.property(
        sourceIds,
        fc.integer({ min: 1, max: 16 }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 50 }),
        (ids, count, choices) => {
          const pool = new IdRangePool(parted(ids.at(-1) ?? 0n, count));
          const read = readAll(ids, pool, [...choices, 1]);
          expect(read.sort((a, b) => (a < b ? -1 : 1))).toEqual(ids);
        },
      ),
    );
  });

  it('an interrupted read goes on from its ranges as if uninterrupted', () => {
    fc.assert(
      fc.property(sourceIds, fc.nat({ max: 60 }), (ids, stopAfter) => {
        const pool = new IdRangePool(parted(ids.at(-1) ?? 0n, 4));
        const first: bigint[] = [];
        for (let i = 0; i < stopAfter && !pool.isEmpty; i++) {
          const range = pool.claim();
          if (range === null) break;
          const { page, bounds } = listPage(ids, range.from);
          first.push(...page.filter((id) => pool.owns(range, id)));
          if (pool.advance(range, bounds)) pool.release(range);
        }
        const ranges = JSON.parse(JSON.stringify(pool.toRanges()));
        const rest = readAll(ids, new IdRangePool(ranges), [1]);
        expect([...first, ...rest].sort((a, b) => (a < b ? -1 : 1))).toEqual(ids);
      }),
    );
  });

  it('splits no further ahead than a cursor’s density can foresee', () => {
    const pool = new IdRangePool([{ from: '0', to: '1000000000000' }]);
    const range = pool.claim()!;
    pool.advance(range, { ids: { first: 0n, last: 198n, count: 100 }, next: 199n });
    const stolen = pool.claim()!;
    expect(stolen.from).toBe(199n + 100_000n);
    expect(range.to).toBe(stolen.from);
  });

  it('does not split what is nearly read', () => {
    const pool = new IdRangePool([{ from: '0', to: '500' }]);
    pool.advance(pool.claim()!, { ids: { first: 0n, last: 396n, count: 100 }, next: 397n });
    expect(pool.claim()).toBeNull();
  });
});
