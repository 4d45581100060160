import type { Catalogue } from './catalogue.ts';
import { hostileValue } from './hostile-values.ts';
import { isoText } from './iso-text.ts';
import type { PropertySpec, RecordFacts } from './property.ts';
import type { RecordView } from './record-view.ts';
import type { Random } from './seeded-random.ts';
import { createRandom, hashText, mix } from './seeded-random.ts';

/** How many variants a pooled value has. A power of two. */
export const variantCount = 256;

export interface RecordValuesOptions {
  readonly catalogue: Catalogue;
  readonly seed: number;
  /** Every how many records one has hostile values; 0 for none. */
  readonly hostileEvery: number;
  /** Every how many records one has a number and a date that do not convert; 0 for none. */
  readonly unconvertibleEvery: number;
}

/** What each record of one type holds, made from its index alone; changes made since lie over it. */
export class RecordValues {
  readonly #catalogue: Catalogue;
  readonly #seed: number;
  readonly #hostileEvery: number;
  readonly #unconvertibleEvery: number;
  readonly #pools = new Map<PropertySpec, readonly (string | null)[]>();
  readonly #unconvertible: ReadonlyMap<string, string>;

  constructor(options: RecordValuesOptions) {
    this.#catalogue = options.catalogue;
    this.#seed = mix(options.seed, hashText(options.catalogue.type));
    this.#hostileEvery = options.hostileEvery;
    this.#unconvertibleEvery = options.unconvertibleEvery;
    this.#unconvertible = unconvertibleValues(options.catalogue);
  }

  variant(index: number, variantSeed: number): number {
    return mix(this.#seed ^ index, variantSeed) & (variantCount - 1);
  }

  /** Throws on a property of `own` values. */
  pooled(spec: PropertySpec, variant: number): string | null {
    let pool = this.#pools.get(spec);
    if (pool === undefined) {
      pool = this.#makePool(spec);
      this.#pools.set(spec, pool);
    }
    return pool[variant] ?? null;
  }

  anyVariant(spec: PropertySpec, random: Random): string | null {
    return this.pooled(spec, random.below(variantCount));
  }

  /** Whether the record was made with hostile or unconvertible values. */
  isSpecial(index: number): boolean {
    return this.#hostileOrdinal(index) !== null || this.isUnconvertible(index);
  }

  isUnconvertible(index: number): boolean {
    const every = this.#unconvertibleEvery;
    return every > 0 && index % every === every - 1;
  }

  facts(view: RecordView): RecordFacts {
    const recordSeed = this.#seed ^ view.index;
    return {
      index: view.index,
      id: String(view.id),
      createdAt: isoText(view.createdMs),
      modifiedAt: isoText(view.modifiedMs),
      hash: (salt) => mix(recordSeed, salt),
    };
  }

  /** The value as the API gives it: text, `""` where cleared, null where never set. */
  raw(spec: PropertySpec, view: RecordView, facts: RecordFacts): string | null {
    const changed = view.values?.get(spec.name);
    if (changed !== undefined) return changed;
    if (this.isUnconvertible(view.index)) {
      const value = this.#unconvertible.get(spec.name);
      if (value !== undefined) return value;
    }
    const ordinal = this.#hostileOrdinal(view.index);
    if (ordinal !== null) {
      const value = hostileValue(spec, ordinal);
      if (value !== undefined) return value;
    }
    if (spec.source.kind === 'own') return spec.source.make(facts);
    return this.pooled(spec, this.variant(view.index, this.#catalogue.variantSeed(spec)));
  }

  #hostileOrdinal(index: number): number | null {
    const every = this.#hostileEvery;
    return every > 0 && index % every === 0 ? index / every : null;
  }

  #makePool(spec: PropertySpec): readonly (string | null)[] {
    const { source } = spec;
    if (source.kind !== 'pooled') throw new TypeError(`${spec.name} has no pool`);
    const seed = mix(this.#seed, hashText(source.link ?? spec.name));
    return Array.from({ length: variantCount }, (_, variant) => {
      const random = createRandom(mix(seed, variant));
      return random.chance(spec.nullShare) ? null : source.make(random);
    });
  }
}

/** What an unconvertible record holds: text in the type's first number and first date, by name. */
export function unconvertibleValues(catalogue: Catalogue): ReadonlyMap<string, string> {
  const values: readonly (readonly [type: string, value: string])[] = [
    ['number', '12,5k'],
    ['date', 'not a date'],
  ];
  return new Map(
    values.flatMap(([type, value]) => {
      const spec = catalogue.properties.find((candidate) => candidate.type === type && !candidate.isProtected);
      return spec === undefined ? [] : [[spec.name, value] as const];
    }),
  );
}
