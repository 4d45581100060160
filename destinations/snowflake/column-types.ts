import type { Column, ColumnType } from '../../model/column.ts';

/** Snowflake's longest text, in bytes of UTF-8 (docs.snowflake.com, "String & binary data types"). */
export const maxTextBytes = 134_217_728;

const columnTypes: Readonly<Record<ColumnType, string>> = {
  text: `VARCHAR(${maxTextBytes})`,
  integer: 'NUMBER(38,0)',
  decimal: 'NUMBER(38,9)',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMP_TZ(9)',
  json: 'VARIANT',
};

export const columnTypeNames = Object.keys(columnTypes) as readonly ColumnType[];

/** The type a column has in the table, spelled as DESCRIBE TABLE spells it. */
export function columnTypeFor(type: ColumnType): string {
  return columnTypes[type];
}

/** The type that a column of the table has; null for one that Sluice gives none. `sqlType` as DESCRIBE TABLE spells it. */
export function columnTypeOf(sqlType: string): ColumnType | null {
  if (/^VARCHAR(\(\d+\))?$/.test(sqlType)) return 'text';
  const found = Object.entries(columnTypes).find(([, spelled]) => spelled === sqlType);
  return found === undefined ? null : (found[0] as ColumnType);
}

/**
 * The texts each type accepts; REGEXP_LIKE matches the whole of a text. The TRY_ functions alone would read '1.5' as the
 * integer 2, 'yes' as true, and an instant without a zone in the session's.
 */
const acceptedForms: Readonly<Record<Exclude<ColumnType, 'text' | 'json'>, string>> = {
  integer: '[+-]?[0-9]+',
  decimal: '[+-]?[0-9]{1,29}([.][0-9]{0,9}0*)?',
  boolean: '[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]',
  date: '[0-9]{4}-[0-9]{2}-[0-9]{2}',
  timestamp:
    '[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6}0*)?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)',
};

const conversions: Readonly<Record<Exclude<ColumnType, 'text' | 'json'>, (text: string) => string>> = {
  integer: (text) => `TRY_TO_NUMBER(${text}, 38, 0)`,
  decimal: (text) => `TRY_TO_NUMBER(${text}, 38, 9)`,
  boolean: (text) => `TRY_TO_BOOLEAN(${text})`,
  date: (text) => `TRY_TO_DATE(${text}, 'YYYY-MM-DD')`,
  timestamp: (text) => `TRY_TO_TIMESTAMP_TZ(${buildZone(`REPLACE(UPPER(${text}), ' ', 'T')`)})`,
};

/** Of the zones of ISO 8601, Snowflake reads Z and +hh:mm behind a T, and neither +hh nor +hhmm. */
function buildZone(text: string): string {
  return (
    `CASE WHEN REGEXP_LIKE(${text}, '.*[+-][0-9]{4}') THEN LEFT(${text}, LENGTH(${text}) - 2) || ':' || RIGHT(${text}, 2) ` +
    `WHEN REGEXP_LIKE(${text}, '.*T.*[+-][0-9]{2}') THEN ${text} || ':00' ELSE ${text} END`
  );
}

/** An expression that turns staged text into the column's type, or NULL where it does not convert. */
export function buildCast(type: ColumnType, text: string): string {
  if (type === 'text') return text;
  if (type === 'json') return `TRY_PARSE_JSON(${text})`;
  return `CASE WHEN REGEXP_LIKE(${text}, '${acceptedForms[type]}') THEN ${conversions[type](text)} END`;
}

/** An expression that keeps a value in a wider type: as text it is what a source would have staged. */
export function buildWiden(from: ColumnType, to: ColumnType, value: string): string {
  if (to !== 'text' || from === 'text') return `${value}::${columnTypes[to]}`;
  if (from === 'json') return `TO_JSON(${value})`;
  if (from === 'decimal') return `REGEXP_REPLACE(TO_VARCHAR(${value}), '[.]?0*$', '')`;
  if (from === 'boolean') return `IFF(${value}, 'true', 'false')`;
  if (from === 'date') return `TO_VARCHAR(${value}, 'YYYY-MM-DD')`;
  if (from !== 'timestamp') return `TO_VARCHAR(${value})`;
  const spelled = (digits: number) =>
    `TO_VARCHAR(CONVERT_TIMEZONE('UTC', ${value}), 'YYYY-MM-DD"T"HH24:MI:SS.FF${digits}') || 'Z'`;
  return `IFF(MOD(DATE_PART(EPOCH_MICROSECOND, ${value}), 1000) = 0, ${spelled(3)}, ${spelled(6)})`;
}

/**
 * The same as `buildCast` for a column that may be wider than what the source writes: as text, a value is spelled as
 * `buildWiden` spells those that were there before, and a cleared one is NULL.
 */
export function buildColumnCast(
  { type, sourceType = type }: Pick<Column, 'type' | 'sourceType'>,
  text: string,
): string {
  if (type !== 'text' || sourceType === 'text') return buildCast(type, text);
  return `COALESCE(${buildWiden(sourceType, type, buildCast(sourceType, text))}, NULLIF(${text}, ''))`;
}
