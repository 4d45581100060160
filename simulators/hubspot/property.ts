import type { Random } from './seeded-random.ts';

export type PropertyType = 'string' | 'number' | 'bool' | 'enumeration' | 'date' | 'datetime' | 'phone_number';

export const propertyTypes: readonly PropertyType[] = [
  'string',
  'number',
  'bool',
  'enumeration',
  'date',
  'datetime',
  'phone_number',
];

/** What a value that belongs to one record alone is made of. */
export interface RecordFacts {
  readonly index: number;
  readonly id: string;
  readonly createdAt: string;
  readonly modifiedAt: string;
  /** A hash of the record, different for each `salt`. */
  hash(salt: number): number;
}

/**
 * `pooled` values come from a fixed number of variants; properties with the same `link` show the same variant on one
 * record, so that a city goes with its country. `own` values are computed per record.
 */
export type ValueSource =
  | { readonly kind: 'pooled'; readonly make: (random: Random) => string; readonly link: string | null }
  | { readonly kind: 'own'; readonly make: (facts: RecordFacts) => string | null };

export interface PropertySpec {
  readonly name: string;
  readonly label: string;
  readonly type: PropertyType;
  readonly fieldType: string;
  readonly options: readonly string[];
  readonly isCalculated: boolean;
  /** Share of records without a value, 0 to 1; for pooled values only. */
  readonly nullShare: number;
  /** Bodies of activities, which HubSpot allows 65,536 characters. */
  readonly isLongText: boolean;
  /** Left alone by hostile and unconvertible values: identity and envelope. */
  readonly isProtected: boolean;
  /** Read from the record itself; a merge does not copy it. */
  readonly isEnvelope: boolean;
  readonly source: ValueSource;
}

interface Traits {
  readonly nullShare?: number;
  readonly isCalculated?: boolean;
  readonly isLongText?: boolean;
  readonly isProtected?: boolean;
  readonly isEnvelope?: boolean;
  readonly link?: string;
  readonly fieldType?: string;
}

interface Kind {
  readonly type: PropertyType;
  readonly fieldType: string;
  readonly options?: readonly string[];
}

function pooled(name: string, kind: Kind, make: (random: Random) => string, traits: Traits): PropertySpec {
  return specOf(name, kind, { kind: 'pooled', make, link: traits.link ?? null }, traits);
}

function specOf(name: string, kind: Kind, source: ValueSource, traits: Traits): PropertySpec {
  return {
    name,
    label: labelOf(name),
    type: kind.type,
    fieldType: traits.fieldType ?? kind.fieldType,
    options: kind.options ?? [],
    isCalculated: traits.isCalculated ?? false,
    nullShare: traits.nullShare ?? 0.3,
    isLongText: traits.isLongText ?? false,
    isProtected: traits.isProtected ?? false,
    isEnvelope: traits.isEnvelope ?? false,
    source,
  };
}

/** "hs_lead_status" → "Lead status". */
export function labelOf(name: string): string {
  const words = name.replace(/^hs_/, '').replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function text(name: string, make: (random: Random) => string, traits: Traits = {}): PropertySpec {
  return pooled(name, { type: 'string', fieldType: 'text' }, make, traits);
}

export function longText(name: string, make: (random: Random) => string, traits: Traits = {}): PropertySpec {
  return pooled(name, { type: 'string', fieldType: 'html' }, make, { ...traits, isLongText: true });
}

export function phone(name: string, make: (random: Random) => string, traits: Traits = {}): PropertySpec {
  return pooled(name, { type: 'phone_number', fieldType: 'phonenumber' }, make, traits);
}

export function count(name: string, most: number, traits: Traits = {}): PropertySpec {
  return pooled(name, { type: 'number', fieldType: 'number' }, (random) => String(random.below(most + 1)), traits);
}

/** A number with up to `digits` decimals, as the API prints floats: without trailing zeros. */
export function decimal(name: string, range: { most: number; digits: number }, traits: Traits = {}): PropertySpec {
  const { most, digits } = range;
  const make = (random: Random): string => String(Number((random.next() * most).toFixed(digits)));
  return pooled(name, { type: 'number', fieldType: 'number' }, make, traits);
}

export function flag(name: string, traits: Traits = {}): PropertySpec {
  const make = (random: Random): string => (random.chance(0.4) ? 'true' : 'false');
  const kind: Kind = { type: 'bool', fieldType: 'booleancheckbox', options: ['true', 'false'] };
  return pooled(name, kind, make, traits);
}

export function choice(name: string, options: readonly string[], traits: Traits = {}): PropertySpec {
  const kind: Kind = { type: 'enumeration', fieldType: 'select', options };
  return pooled(name, kind, (random) => random.pick(options), traits);
}

/** Any number of its options, as `a;b;c`. */
export function checkboxes(name: string, options: readonly string[], traits: Traits = {}): PropertySpec {
  const make = (random: Random): string => {
    const chosen = options.filter(() => random.chance(0.4));
    return chosen.length > 0 ? chosen.join(';') : random.pick(options);
  };
  return pooled(name, { type: 'enumeration', fieldType: 'checkbox', options }, make, traits);
}

const dayMs = 86_400_000;
const firstDayMs = Date.UTC(2015, 0, 1);

export function day(name: string, traits: Traits = {}): PropertySpec {
  const make = (random: Random): string =>
    new Date(firstDayMs + random.below(4_000) * dayMs).toISOString().slice(0, 10);
  return pooled(name, { type: 'date', fieldType: 'date' }, make, traits);
}

export function instant(name: string, traits: Traits = {}): PropertySpec {
  const make = (random: Random): string => new Date(firstDayMs + random.below(4_000 * dayMs)).toISOString();
  return pooled(name, { type: 'datetime', fieldType: 'date' }, make, traits);
}

export interface OwnValue {
  readonly type: PropertyType;
  readonly make: (facts: RecordFacts) => string | null;
}

export function own(name: string, value: OwnValue, traits: Traits = {}): PropertySpec {
  const fieldTypes: Readonly<Record<PropertyType, string>> = {
    string: 'text',
    number: 'number',
    bool: 'booleancheckbox',
    enumeration: 'select',
    date: 'date',
    datetime: 'date',
    phone_number: 'phonenumber',
  };
  const kind: Kind = { type: value.type, fieldType: fieldTypes[value.type] };
  return specOf(name, kind, { kind: 'own', make: value.make }, { nullShare: 0, ...traits });
}

/** The four properties every object has: id, merged ids, created, modified. All are read from the record itself. */
export function envelope(names: { created: string; modified: string }): PropertySpec[] {
  const traits: Traits = { isProtected: true, isEnvelope: true };
  return [
    own('hs_object_id', { type: 'number', make: (facts) => facts.id }, traits),
    own('hs_merged_object_ids', { type: 'enumeration', make: () => null }, { ...traits, fieldType: 'checkbox' }),
    own(names.created, { type: 'datetime', make: (facts) => facts.createdAt }, traits),
    own(names.modified, { type: 'datetime', make: (facts) => facts.modifiedAt }, traits),
  ];
}
