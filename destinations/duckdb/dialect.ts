import type { ColumnType } from '../../model/column.ts';
import type { TableName } from '../../model/stream-table.ts';
import type { TableColumn } from '../../model/table-columns.ts';
import { buildWiden, columnTypeFor } from './column-types.ts';

/** Only builds SQL text. Values are bound as `$name`; identifiers and file paths are quoted here. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function quoteTable({ schema, table }: TableName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
}

/**
 * Without PRIMARY KEY: the merge alone writes the table and guarantees unique keys. At 1,000,000 rows the index would
 * hold 19 MB and add 17 ms to every 25,000 inserts and 11 ms to as many updates.
 */
export function buildCreateTable(table: TableName, columns: readonly TableColumn[]): string {
  const definitions = columns.map(
    ({ name, type, isRequired }) => `${quoteIdentifier(name)} ${type}${isRequired ? ' NOT NULL' : ''}`,
  );
  return `CREATE TABLE IF NOT EXISTS ${quoteTable(table)} (${definitions.join(', ')})`;
}

export function buildAddColumn(table: TableName, column: { name: string; type: string }): string {
  return `ALTER TABLE ${quoteTable(table)} ADD COLUMN ${quoteIdentifier(column.name)} ${column.type}`;
}

export function buildWidenColumn(
  table: TableName,
  { name, from, to }: { name: string; from: ColumnType; to: ColumnType },
): string {
  const column = quoteIdentifier(name);
  return (
    `ALTER TABLE ${quoteTable(table)} ALTER COLUMN ${column} SET DATA TYPE ${columnTypeFor(to)} ` +
    `USING ${buildWiden(from, to, column)}`
  );
}

/**
 * The longest staged record. DuckDB's own bound is 2 MiB, and it allocates 32 times a larger one as its buffer
 * unless told, which is more than the default memory limit.
 */
const maxRecordBytes = 32 * 2 ** 20;

/**
 * Staged CSV as columns c0, c1, ... of text: positions, so that no property's name can clash with ours.
 * `new_line` is given because DuckDB otherwise takes a lone CR inside quotes for the line end.
 */
export function buildReadStage(paths: readonly string[], columnCount: number): string {
  if (paths.length === 0) {
    const nothing = Array.from({ length: columnCount }, (_, n) => `NULL::VARCHAR AS c${n}`);
    return `(SELECT ${nothing.join(', ')} LIMIT 0)`;
  }
  const columns = Array.from({ length: columnCount }, (_, n) => `'c${n}': 'VARCHAR'`);
  return (
    `read_csv([${paths.map((path) => quoteText(escapeGlob(path))).join(', ')}], auto_detect = false, header = false, ` +
    `delim = ',', quote = '"', escape = '"', new_line = '\\n', nullstr = '', allow_quoted_nulls = false, ` +
    `max_line_size = ${maxRecordBytes}, buffer_size = ${maxRecordBytes}, columns = {${columns.join(', ')}})`
  );
}

/** DuckDB expands `*`, `?` and `[` in a path; in brackets each stands for itself. */
function escapeGlob(path: string): string {
  return path.replace(/[*?[]/g, '[$&]');
}
