/**
 * A column's type between source and destination.
 * `integer` is 64-bit; `decimal` is DECIMAL(38,9), the widest that every destination shares;
 * `timestamp` is an instant in UTC with microseconds; `json` is any JSON value, whose `null` is not NULL.
 */
export type ColumnType = 'text' | 'integer' | 'decimal' | 'boolean' | 'date' | 'timestamp' | 'json';

export interface Column {
  /** Name at the destination, lower case, unique in the table. */
  readonly name: string;
  /** Name at the source. */
  readonly property: string;
  readonly type: ColumnType;
  /** The type the source writes, where the column is a wider one; `type` otherwise. */
  readonly sourceType?: ColumnType;
  /** The source derives it, and changes it without a new version. */
  readonly isCalculated?: true;
  /** Kept as HMAC-SHA-256 in hex; its type is text. */
  readonly isHashed?: true;
}

/**
 * The type that loses nothing of either: what a column becomes when a property changes its type. Everything has a text
 * form, and only integers have another one.
 */
export function widestType(a: ColumnType, b: ColumnType): ColumnType {
  if (a === b) return a;
  const both = new Set([a, b]);
  return both.has('integer') && both.has('decimal') ? 'decimal' : 'text';
}

/** Columns that Sluice adds to every table, after the key and the source's own. */
export const systemColumns = [
  '_version',
  '_observed_at',
  '_state_observed_at',
  '_synced_at',
  '_deleted',
  '_deleted_at',
  '_merged_into',
  '_batch_id',
] as const;

/**
 * Gives each property its column: lower-cased, and where two meet (or meet a reserved name) the later one
 * gets `_2`, `_3` and so on. Names keep the order of `properties`, so the same catalogue gives the same columns.
 */
export function assignColumns(
  properties: readonly { name: string; type: ColumnType }[],
  reserved: readonly string[],
): Column[] {
  const taken = new Set<string>([...reserved, ...systemColumns]);
  return properties.map(({ name: property, type }) => {
    const base = property.toLowerCase();
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base}_${n}`;
    taken.add(name);
    return { name, property, type };
  });
}

/** The columns whose name is not just the lower-cased property: shown once when a run starts, kept in its plan. */
export function renamedColumns(columns: readonly Column[]): Column[] {
  return columns.filter((column) => column.name !== column.property.toLowerCase());
}
