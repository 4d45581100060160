import type { TableName } from '../../model/stream-table.ts';
import { columnTypeFor } from './column-types.ts';
import { quoteTable, quoteText } from './identifiers.ts';
import type { Statement } from './session.ts';
import { comparesBytes, keepsNoHistory } from './table-options.ts';

/** A temporary table of texts, c0, c1, ... by position, so that no property's name can clash with ours. */
export interface Staging {
  /** As SQL. */
  readonly table: string;
  readonly fields: number;
}

/**
 * A temporary table beside the stream's own: names are the same in every session, which sees its own only and serves one
 * caller at a time.
 */
export function temporaryTable({ schema }: Pick<TableName, 'schema'>, name: string): string {
  return quoteTable({ schema, table: `_sluice_${name}` });
}

/** Replaces what an earlier use of the session left. DDL: never within a transaction. */
export function buildCreateTemporary(table: string, columns: readonly string[]): Statement {
  return {
    sql: `CREATE OR REPLACE TEMPORARY TABLE ${table} (${columns.join(', ')}) ${keepsNoHistory} ${comparesBytes}`,
  };
}

export function buildCreateStaging({ table, fields }: Staging): Statement {
  const text = columnTypeFor('text');
  return buildCreateTemporary(
    table,
    Array.from({ length: fields }, (_, n) => `c${n} ${text}`),
  );
}

/**
 * Without a load history, which is a target table's own, so that it loads a file again after a crash. A lone `\` and `\N` are
 * values here, which Snowflake's defaults would eat; a byte order mark may begin a value. Location and paths are joined as they are.
 */
export function buildCopy(
  { table }: Staging,
  { location, paths }: { readonly location: string; readonly paths: readonly string[] },
): Statement {
  return {
    sql:
      `COPY INTO ${table} FROM ${location}/ FILES = (${paths.map(quoteText).join(', ')}) ` +
      `FILE_FORMAT = (TYPE = CSV COMPRESSION = GZIP FIELD_DELIMITER = ',' FIELD_OPTIONALLY_ENCLOSED_BY = '"' ` +
      'ESCAPE_UNENCLOSED_FIELD = NONE EMPTY_FIELD_AS_NULL = TRUE NULL_IF = () SKIP_BYTE_ORDER_MARK = FALSE) ' +
      'ON_ERROR = ABORT_STATEMENT FORCE = TRUE',
  };
}
