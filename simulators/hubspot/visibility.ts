import type { ObjectType } from './object-types.ts';
import { mix } from './seeded-random.ts';

/** The share of a type's records, 0 to 1, that the tokens may see; all where absent. */
export type Visibility = Readonly<Partial<Record<ObjectType, number>>>;

/** Whether the tokens may see the record of an id: always the same records for the same share, and more for a greater. */
export type Sight = (id: number) => boolean;

const seesAll: Sight = () => true;

export function sightOf(visibility: Visibility, type: ObjectType): Sight {
  const share = visibility[type] ?? 1;
  if (share >= 1) return seesAll;
  return (id) => mix(id | 0, Math.floor(id / 2 ** 32)) / 2 ** 32 < share;
}
