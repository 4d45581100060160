import type { RecordStore } from './record-store.ts';
import { mix } from './seeded-random.ts';

/** One end's view: the index of the record at the other end, and whether it is the first that the `from` record has. */
export interface InitialLink {
  readonly index: number;
  readonly isFirst: boolean;
}

/**
 * The associations an account starts with, from the first records of one type to those of another: as arithmetic from
 * one end, and as two arrays from the other.
 */
export class InitialAssociations {
  readonly #seed: number;
  readonly #most: number;
  readonly #fromCount: number;
  readonly #toCount: number;
  #backward: { readonly starts: Uint32Array; readonly from: Uint32Array } | null = null;

  constructor({ seed, most, from, to }: { seed: number; most: number; from: RecordStore; to: RecordStore }) {
    this.#seed = seed;
    this.#most = most;
    this.#fromCount = from.initialCount;
    this.#toCount = to.initialCount;
  }

  forward(fromIndex: number): InitialLink[] {
    return this.#targets(fromIndex).map((index, i) => ({ index, isFirst: i === 0 }));
  }

  backward(toIndex: number): InitialLink[] {
    const { starts, from } = (this.#backward ??= this.#invert());
    return [...from.subarray(starts[toIndex], starts[toIndex + 1])].map((index) => ({
      index,
      isFirst: this.#targets(index)[0] === toIndex,
    }));
  }

  /** Each at most once: from none to the most, as far as there are records. */
  #targets(fromIndex: number): number[] {
    if (this.#toCount === 0) return [];
    const count = mix(this.#seed, fromIndex) % (this.#most + 1);
    const recordSeed = mix(this.#seed + 1, fromIndex);
    return [...new Set(Array.from({ length: count }, (_, i) => mix(recordSeed, i) % this.#toCount))];
  }

  #invert(): { starts: Uint32Array; from: Uint32Array } {
    const starts = new Uint32Array(this.#toCount + 1);
    const visit = (see: (target: number, fromIndex: number) => void): void => {
      for (let index = 0; index < this.#fromCount; index++)
        for (const target of this.#targets(index)) see(target, index);
    };
    visit((target) => (starts[target + 1] = (starts[target + 1] as number) + 1));
    for (let i = 0; i < this.#toCount; i++) starts[i + 1] = (starts[i + 1] as number) + (starts[i] as number);
    const next = starts.slice();
    const from = new Uint32Array(starts[this.#toCount] as number);
    visit((target, fromIndex) => {
      from[next[target] as number] = fromIndex;
      next[target] = (next[target] as number) + 1;
    });
    return { starts, from };
  }
}
