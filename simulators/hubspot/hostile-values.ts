import type { PropertySpec, PropertyType } from './property.ts';
import { hashText, mix, pickAt } from './seeded-random.ts';

/** Text that careless CSV, SQL or JSON handling damages. No NUL, which HubSpot does not store. */
export const hostileTexts: readonly string[] = [
  '',
  '👩‍👩‍👧‍👦 🎉 𝒳 𐍈',
  '\uFEFFstarts with a BOM',
  'line\u2028separator and paragraph\u2029separator',
  'two\nlines',
  'two\r\nlines\r\n',
  'a lone\rreturn',
  'she said "hi"',
  '"',
  '""',
  "it's; DROP TABLE contacts; --",
  'a,b,,c',
  'back\\slash\\',
  '\\',
  '\\n',
  '\\.',
  '  blanks around  ',
  ' ',
  '\t',
  'NULL',
  'null',
  '\\N',
  'e\u0301 is not \u00e9',
  'control \u0001\u001f\u007f\u0085',
  '<b>&amp;</b>',
  '=1+1',
  '00123',
  '{"json":[1,null]}',
  '$1 ${name} {{name}} %s ?',
];

export const hostileNumbers: readonly string[] = [
  '',
  '12345678901234567890',
  '-12345678901234567890',
  '20000000000000000000',
  '9007199254740993',
  '0.200000000000000011102230246251565404236316680908203125',
  '1.5e-7',
  '2E3',
  '1E+2',
  '0.0000000005',
  '0.0000000015',
  '0.0000000025',
  '-0.0000000005',
  '-0.0000000015',
  '-0.0000000025',
  '0.00000000050000000001',
  '99.9999999995',
  '0.0000000004999',
  '0',
  '-0',
  '100.000',
  '12.50',
];

export const hostileDates: readonly string[] = [
  '',
  '2024-02-29',
  '1900-01-01',
  '9999-12-31',
  '0',
  '1709164800000',
  '-86400000',
  '2024-02-29T00:00:00Z',
  '2024-02-29T00:00:00.000Z',
];

export const hostileInstants: readonly string[] = [
  '',
  '2024-02-29T23:59:59.999Z',
  '2024-02-29T23:59:59Z',
  '1709251199999',
  '0',
  '-1',
  '1900-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
];

/** The longest body HubSpot stores: 65,536 characters. */
export const longestBody = '0123456789abcdé\n'.repeat(4_096);

const byType: Readonly<Record<PropertyType, readonly string[]>> = {
  string: hostileTexts,
  phone_number: hostileTexts,
  enumeration: ['', 'no such option', 'a;b;c', 'with, comma;and "quotes"', 'Ünïcode ✓'],
  number: hostileNumbers,
  bool: ['', 'true', 'false'],
  date: hostileDates,
  datetime: hostileInstants,
};

/** The hostile value of the `ordinal`-th hostile record, for about every third of its properties; else undefined. */
export function hostileValue(spec: PropertySpec, ordinal: number): string | undefined {
  if (spec.isProtected) return undefined;
  const nameHash = hashText(spec.name);
  if (mix(ordinal, nameHash) % 3 !== 0) return undefined;
  if (spec.isLongText && ordinal % 2 === 0) return longestBody;
  return pickAt(byType[spec.type], ordinal + nameHash);
}

/**
 * How far apart hostile records are: every record of a set up to 500, at most every 500th, and close enough in between
 * for some hundred of them.
 */
export function hostileInterval(recordCount: number): number {
  return recordCount <= 500 ? 1 : Math.min(500, Math.ceil(recordCount / 100));
}
