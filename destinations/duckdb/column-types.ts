import type { ColumnType } from '../../model/column.ts';

const columnTypes: Readonly<Record<ColumnType, string>> = {
  text: 'VARCHAR',
  integer: 'BIGINT',
  decimal: 'DECIMAL(38,9)',
  boolean: 'BOOLEAN',
  date: 'DATE',
  // ICU, which zoned instants need, is linked into the driver: no extension is fetched.
  timestamp: 'TIMESTAMP WITH TIME ZONE',
};

/** The type a column has in the table, spelled as DuckDB's catalogue spells it. */
export function columnTypeFor(type: ColumnType): string {
  return columnTypes[type];
}

/**
 * The texts each type accepts. TRY_CAST alone would read '1.5' as the integer 2, 'yes' as true, 'infinity' as a date
 * and an instant without a zone as UTC.
 */
const acceptedForms: Readonly<Record<Exclude<ColumnType, 'text'>, string>> = {
  integer: '[+-]?[0-9]+',
  decimal: '[+-]?[0-9]{1,29}(\\.[0-9]{0,9}0*)?',
  boolean: '(?i:true|false)',
  date: '[0-9]{4}-[0-9]{2}-[0-9]{2}',
  timestamp: '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6}0*)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)',
};

/** An expression that turns staged text into the column's type, or NULL where it does not convert. */
export function buildCast(type: ColumnType, text: string): string {
  if (type === 'text') return text;
  if (type === 'decimal') return buildDecimalCast(text);
  return `CASE WHEN regexp_full_match(${text}, '${acceptedForms[type]}') THEN TRY_CAST(${text} AS ${columnTypes[type]}) END`;
}

/**
 * Casting text straight to DECIMAL(38,9) takes 6 µs a value, since it is 128-bit arithmetic: 610 ms for 105,000 values.
 * What fits 64 bits is cast there and widened, which takes 13 ms for the same values and gives the same result.
 */
function buildDecimalCast(text: string): string {
  return (
    `CASE WHEN regexp_full_match(${text}, '[+-]?[0-9]{1,9}(\\.[0-9]{0,9}0*)?') THEN TRY_CAST(${text} AS DECIMAL(18,9))::DECIMAL(38,9)` +
    ` WHEN regexp_full_match(${text}, '[+-]?[0-9]{10,18}') THEN TRY_CAST(${text} AS BIGINT)::DECIMAL(38,9)` +
    ` WHEN regexp_full_match(${text}, '${acceptedForms.decimal}') THEN TRY_CAST(${text} AS DECIMAL(38,9)) END`
  );
}
