import type { TableName } from '../../model/stream-table.ts';
import type { TableColumn } from '../../model/table-columns.ts';
import { quoteIdentifier, quoteTable } from './identifiers.ts';
import type { Statement } from './session.ts';
import { comparesBytes } from './table-options.ts';

/** DDL for tables, idempotent as far as Snowflake lets it be. Each commits an open transaction. */

/** Without PRIMARY KEY: Snowflake enforces none. The merge alone writes the table and guarantees unique keys. */
export function buildCreateTable(table: TableName, columns: readonly TableColumn[]): Statement {
  const definitions = columns.map(
    ({ name, type, isRequired }) => `${quoteIdentifier(name)} ${type}${isRequired ? ' NOT NULL' : ''}`,
  );
  return { sql: `CREATE TABLE IF NOT EXISTS ${quoteTable(table)} (${definitions.join(', ')}) ${comparesBytes}` };
}

export function buildAddColumn(table: TableName, { name, type }: Pick<TableColumn, 'name' | 'type'>): Statement {
  return { sql: `ALTER TABLE ${quoteTable(table)} ADD COLUMN IF NOT EXISTS ${quoteIdentifier(name)} ${type}` };
}

export function buildDropColumn(table: TableName, name: string): Statement {
  return { sql: `ALTER TABLE ${quoteTable(table)} DROP COLUMN IF EXISTS ${quoteIdentifier(name)}` };
}

export function buildRenameColumn(table: TableName, { from, to }: { from: string; to: string }): Statement {
  return { sql: `ALTER TABLE ${quoteTable(table)} RENAME COLUMN ${quoteIdentifier(from)} TO ${quoteIdentifier(to)}` };
}

export function buildDropTable(table: TableName): Statement {
  return { sql: `DROP TABLE IF EXISTS ${quoteTable(table)}` };
}
