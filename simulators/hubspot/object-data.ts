import { Catalogue } from './catalogue.ts';
import { hostileInterval } from './hostile-values.ts';
import { createIdSpread } from './id-spread.ts';
import type { ObjectType } from './object-types.ts';
import type { SimulatorOptions } from './options.ts';
import { RecordStore } from './record-store.ts';
import { RecordValues } from './record-values.ts';
import { SearchIndex } from './search-index.ts';
import { hashText, mix } from './seeded-random.ts';

/** Everything the account holds of one object type. */
export interface ObjectData {
  readonly type: ObjectType;
  readonly catalogue: Catalogue;
  readonly values: RecordValues;
  readonly store: RecordStore;
  readonly searchIndex: SearchIndex;
}

export function createObjectData(type: ObjectType, options: SimulatorOptions): ObjectData {
  const count = options.records[type] ?? 0;
  const seed = mix(options.seed, hashText(type));
  const catalogue = new Catalogue(type);
  const store = new RecordStore({
    spread: createIdSpread({ spread: options.spread, count, seed }),
    seed,
    anchorMs: Date.parse(options.anchor),
  });
  return {
    type,
    catalogue,
    values: new RecordValues({
      catalogue,
      seed,
      hostileEvery: options.isHostile ? hostileInterval(count) : 0,
      unconvertibleEvery: options.unconvertibleEvery,
    }),
    store,
    searchIndex: new SearchIndex(store),
  };
}
