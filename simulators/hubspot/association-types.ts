import type { ObjectType } from './object-types.ts';
import { hashText } from './seeded-random.ts';

/** Why two records are associated, as one of them sees it. */
export interface AssociationType {
  readonly category: 'HUBSPOT_DEFINED' | 'USER_DEFINED';
  readonly typeId: number;
  readonly label: string | null;
}

interface DefinedType {
  readonly from: ObjectType;
  readonly to: ObjectType;
  readonly typeId: number;
  readonly inverseTypeId: number;
  readonly label: string | null;
}

const rows: readonly (readonly [ObjectType, ObjectType, number, number, string | null])[] = [
  ['contacts', 'companies', 279, 280, null],
  ['contacts', 'companies', 1, 2, 'Primary'],
  ['deals', 'contacts', 3, 4, null],
  ['deals', 'companies', 341, 342, null],
  ['deals', 'companies', 5, 6, 'Primary'],
  ['tickets', 'contacts', 16, 15, null],
  ['tickets', 'companies', 339, 340, null],
  ['tickets', 'companies', 26, 25, 'Primary'],
  ['deals', 'tickets', 27, 28, null],
  ['line_items', 'deals', 20, 19, null],
  ['calls', 'contacts', 194, 193, null],
  ['emails', 'contacts', 198, 197, null],
  ['meetings', 'contacts', 200, 199, null],
  ['notes', 'contacts', 202, 201, null],
  ['tasks', 'contacts', 204, 203, null],
];

/** HubSpot's own types, from both ends. */
const definedTypes: readonly DefinedType[] = rows.flatMap(([from, to, typeId, inverseTypeId, label]) => [
  { from, to, typeId, inverseTypeId, label },
  { from: to, to: from, typeId: inverseTypeId, inverseTypeId: typeId, label },
]);

export function unlabeledType(from: ObjectType, to: ObjectType): AssociationType {
  const defined = find(from, to, (type) => type.label === null);
  if (defined !== undefined) return typeOf(defined);
  return { category: 'USER_DEFINED', typeId: 1_000 + (hashText(`${from}>${to}`) % 1_000), label: null };
}

/** Null where no record of the one is the first among those of the other. */
export function primaryType(from: ObjectType, to: ObjectType): AssociationType | null {
  const defined = find(from, to, (type) => type.label === 'Primary');
  return defined === undefined ? null : typeOf(defined);
}

/** The type meant by an id, by a label, or by neither: the unlabeled one. Those HubSpot does not define are the user's. */
export function associationType(
  from: ObjectType,
  to: ObjectType,
  { typeId, label }: { typeId?: number; label?: string | null },
): AssociationType {
  const defined = find(from, to, (type) => (typeId === undefined ? type.label === label : type.typeId === typeId));
  if (defined !== undefined) return typeOf(defined);
  if (typeId === undefined && (label === undefined || label === null)) return unlabeledType(from, to);
  return {
    category: 'USER_DEFINED',
    typeId: typeId ?? 2_000 + (hashText(label ?? '') % 1_000),
    label: label ?? null,
  };
}

/** The same association as the other end sees it. A user's label is the same from both. */
export function inverseType(from: ObjectType, to: ObjectType, type: AssociationType): AssociationType {
  const defined = find(from, to, ({ typeId }) => typeId === type.typeId);
  if (defined !== undefined) return { ...typeOf(defined), typeId: defined.inverseTypeId };
  const unlabeled = unlabeledType(from, to);
  return type.typeId === unlabeled.typeId && type.label === null ? unlabeledType(to, from) : type;
}

function find(from: ObjectType, to: ObjectType, isMeant: (type: DefinedType) => boolean): DefinedType | undefined {
  return definedTypes.find((type) => type.from === from && type.to === to && isMeant(type));
}

function typeOf({ typeId, label }: DefinedType): AssociationType {
  return { category: 'HUBSPOT_DEFINED', typeId, label };
}
