import { mix } from './seeded-random.ts';

export type Spread = 'even' | 'clustered';

/** Where the ids of a type's first records lie: ascending with the index, each a whole number below 2^53. */
export interface IdSpread {
  readonly count: number;
  idAt(index: number): number;
}

interface Block {
  /** Share of the records, 0 to 1. */
  readonly share: number;
  readonly from: number;
  /** Mean distance between ids, at least 3. */
  readonly stride: number;
}

const blocks: Readonly<Record<Spread, readonly Block[]>> = {
  even: [{ share: 1, from: 100_000_000_000, stride: 37 }],
  clustered: [
    { share: 0.1, from: 51, stride: 3 },
    { share: 0.15, from: 120_455_100, stride: 11 },
    { share: 0.2, from: 3_912_887_001, stride: 29 },
    { share: 0.25, from: 141_220_000_007, stride: 97 },
    { share: 0.2, from: 187_004_552_118, stride: 41 },
    { share: 0.1, from: 760_113_900_004, stride: 113 },
  ],
};

/** `seed` moves each id within its stride, so that no two seeds have the same ids. */
export function createIdSpread({ spread, count, seed }: { spread: Spread; count: number; seed: number }): IdSpread {
  let start = 0;
  let share = 0;
  const ranges = blocks[spread].map((block) => {
    share += block.share;
    const end = Math.round(Math.min(share, 1) * count);
    const range = { ...block, start, end };
    start = end;
    return range;
  });
  const last = ranges.at(-1);
  return {
    count,
    idAt(index) {
      const range = ranges.find(({ end }) => index < end) ?? last;
      if (range === undefined || index < 0) throw new RangeError(`no record ${index}`);
      const jitter = mix(seed, index) % Math.ceil(range.stride / 2);
      return range.from + (index - range.start) * range.stride + jitter;
    },
  };
}

/** The first index whose id is at least `id`; `count` if there is none. */
export function firstIndexFrom(spread: IdSpread, id: number): number {
  let low = 0;
  let high = spread.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (spread.idAt(middle) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
