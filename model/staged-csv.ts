import type { StagedRow } from './source.ts';

const needsQuotes = /[",\r\n]/;

/**
 * One page as CSV: comma, LF after every row, no header. Null is nothing at all and an empty string is `""`, the
 * distinction that DuckDB, Snowflake and Postgres all keep when told so (rule 8 of docs/spec.md).
 */
export function encodeStagedRows(rows: readonly StagedRow[]): string {
  let text = '';
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) {
      if (i > 0) text += ',';
      const value = row[i];
      if (value === null || value === undefined) continue;
      if (value === '' || needsQuotes.test(value)) text += `"${value.replaceAll('"', '""')}"`;
      else text += value;
    }
    text += '\n';
  }
  return text;
}
